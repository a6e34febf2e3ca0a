//! Rules for one file: its name, its length, its first line, and what must not stand in it.

/// A text that must not stand in a file, and why.
struct Refused {
    text: &'static str,
    /// Ending of the files it is looked for in.
    files: &'static str,
    why: &'static str,
}

// Each text is put together from pieces, because this file is checked too.
const REFUSED: &[Refused] = &[
    left_behind(concat!("to", "do!(")),
    left_behind(concat!("unimpl", "emented!(")),
    left_behind(concat!("db", "g!(")),
    Refused {
        text: concat!("#[ig", "nore"),
        files: ".rs",
        why: "a test that does not run proves nothing; repair or remove it",
    },
    machine_path(concat!("/wo", "rk/")),
    machine_path(concat!("/ro", "ot/")),
    machine_path(concat!("/ho", "me/")),
    machine_path(concat!("/Us", "ers/")),
];

const fn left_behind(text: &'static str) -> Refused {
    Refused {
        text,
        files: ".rs",
        why: "left behind; write the code or return an error",
    }
}

const fn machine_path(text: &'static str) -> Refused {
    Refused {
        text,
        files: "",
        why: "a path of one machine; write it relative to the tree, or from a variable",
    }
}

const MAX_LINES: usize = 400;
const MAX_LINES_OF_TESTS: usize = 600;

/// What is wrong with the file `path`; `root` is where the tree lies on this machine.
pub(super) fn faults(path: &str, text: &str, root: &str) -> Vec<String> {
    let mut faults = Vec::new();
    // Written by cargo.
    if path == "Cargo.lock" {
        return faults;
    }
    if path.ends_with("/mod.rs") {
        faults.push(format!(
            "{path}: name the file after its module, beside the folder"
        ));
    }
    if path.ends_with(".rs") && !text.starts_with("//!") {
        faults.push(format!(
            "{path}:1: open the file with one `//!` sentence that says what it is for"
        ));
    }
    let (n_lines, most) = (
        text.lines().count(),
        if is_test(path) {
            MAX_LINES_OF_TESTS
        } else {
            MAX_LINES
        },
    );
    if is_code(path) && n_lines > most {
        faults.push(format!(
            "{path}: {n_lines} lines, at most {most}; split it by idea"
        ));
    }
    for (at, line) in text.lines().enumerate() {
        let refused = REFUSED.iter().filter(|refused| path.ends_with(refused.files));
        for refused in refused.filter(|refused| stands_in(refused.text, line)) {
            faults.push(format!("{path}:{}: `{}`: {}", at + 1, refused.text, refused.why));
        }
        if stands_in(root, line) {
            faults.push(format!("{path}:{}: `{root}` is where this clone lies", at + 1));
        }
    }
    faults
}

fn is_code(path: &str) -> bool {
    [".rs", ".py", ".sh"].iter().any(|ending| path.ends_with(ending))
}

fn is_test(path: &str) -> bool {
    // The xtask lies below `tests/` and is no test: what counts is the innermost of the two folders.
    let innermost = path
        .rsplit('/')
        .skip(1)
        .find(|folder| ["src", "tests"].contains(folder));
    path.ends_with("tests.rs") || innermost == Some("tests")
}

/// Whether `text` stands in `line` on its own, and not as the end of a longer word or path.
fn stands_in(text: &str, line: &str) -> bool {
    line.match_indices(text).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_-.~}".contains(c))
    })
}
