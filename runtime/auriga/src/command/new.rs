//! `auriga new`: a small project that runs as it is.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use auriga_crds::ModelName;
use clap::Args;
use serde_json::json;

use crate::{console::Console, failure::Failure, shell};

/// The files of a project; `{name}` in them stands for the Model's name.
const FILES: [(&str, &str); 3] = [
    ("model.yaml", include_str!("new/model.yaml")),
    ("README.md", include_str!("new/README.md")),
    ("iris.csv", include_str!("../../../../examples/iris/iris.csv")),
];

/// Makes a small project: a manifest with comments, its rows, and a README.md with the commands to try.
#[derive(Args)]
pub(crate) struct New {
    /// The Model's name
    #[arg(value_name = "NAME")]
    name: ModelName,
    /// The folder to make, in the place of one called as the Model
    #[arg(long, value_name = "FOLDER")]
    path: Option<PathBuf>,
}

impl New {
    /// Errors: the folder holds something already, or cannot be written.
    pub(crate) fn run(self, console: &Console) -> Result<(), Failure> {
        let New { name, path } = self;
        let folder = path.unwrap_or_else(|| name.as_str().into());
        let shown = folder.display();
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::PermissionDenied => Failure::mistake(format!(
                "{shown} cannot be written: permission denied; choose another folder with --path"
            )),
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => Failure::mistake(format!(
                "{shown} is a file; choose another name, or another folder with --path"
            )),
            _ => Failure::trouble(format!("cannot write {shown}: {error}")),
        };
        let holds_files = match fs::read_dir(&folder) {
            Ok(mut entries) => entries.next().is_some(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(&folder).map_err(failed)?;
                false
            }
            Err(error) => return Err(failed(error)),
        };
        if holds_files {
            return Err(Failure::mistake(format!(
                "{shown} holds files already; choose another name, or another folder with --path"
            )));
        }
        for (file, text) in FILES {
            write(&folder.join(file), &text.replace("{name}", name.as_str())).map_err(failed)?;
        }
        let manifest = folder.join("model.yaml");
        console.result(
            format_args!(
                "made {shown}; look at {}, then try\n\n  auriga up -f {}\n",
                manifest.display(),
                shell::word(&manifest.to_string_lossy())
            ),
            json!({
                "model": name,
                "folder": folder,
                "manifest": manifest,
                "files": FILES.map(|(file, _)| file),
            }),
        )
    }
}

/// Writes a file that must not be there: somebody else may have made it meanwhile.
fn write(path: &Path, text: &str) -> io::Result<()> {
    io::Write::write_all(&mut fs::File::create_new(path)?, text.as_bytes())
}
