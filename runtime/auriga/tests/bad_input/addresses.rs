//! Rows behind an address that does not give them.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

use super::given::{ROWS, given, model};

/// Answers `GET /<status>` with that status: `/302` redirects to a place that is refused, `/206` breaks off in the middle
/// of the rows. Ends with the test program.
fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(|| answer(stream));
        }
    });
    address
}

fn answer(mut stream: TcpStream) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?)
        .lines()
        .map_while(Result::ok);
    let path = lines.next()?.split(' ').nth(1)?.split('?').next()?.to_owned();
    lines.find(String::is_empty)?;
    let status = path.trim_start_matches('/');
    let more = if status == "302" {
        "location: ftp://example.org/rows.csv\r\n"
    } else {
        ""
    };
    let body = if status == "206" { ROWS } else { "" };
    let length = 2 * body.len();
    stream
        .write_all(format!("HTTP/1.1 {status} x\r\n{more}content-length: {length}\r\n\r\n{body}").as_bytes())
        .ok()
}

/// A fit with rows from this address must end so.
#[track_caller]
fn check(url: &str, code: i32, fault: &str) {
    let manifest = model("path: rows.csv", &format!("url: \"{url}\""));
    given(manifest, ROWS).fit_fails(code, fault);
}

#[test]
fn a_server_that_fails_is_worth_a_retry_and_a_wrong_address_is_not() {
    let server = server();
    let check = |path: &str, code: i32, fault: &str| {
        let place = format!("http://{server}/{}", path.split('?').next().unwrap_or_default());
        check(
            &format!("http://{server}/{path}"),
            code,
            &format!("{place} {fault}"),
        );
    };
    check("404", 2, "answered 404 Not Found; check the address");
    check(
        "404?token=hunter2",
        2,
        "answered 404 Not Found; check the address",
    );
    check(
        "401",
        2,
        "answered 401 Unauthorized; it needs credentials; put the data where they can be read without",
    );
    check(
        "500",
        1,
        "answered 500 Internal Server Error; the server failed; try again later",
    );
    check(
        "503",
        1,
        "answered 503 Service Unavailable; the server failed; try again later",
    );
    check("429", 1, "answered 429 Too Many Requests; try again later");
    check("200", 2, "is empty; it should have a header and rows");
    check(
        "302",
        2,
        "redirects to ftp://example.org/rows.csv: only http and https can be read over the network; use one of them",
    );
    check(
        "206",
        1,
        "broke off in the middle (end of file before message length reached); try again",
    );
}

#[test]
fn a_host_that_cannot_be_reached_is_worth_a_retry() {
    // Bound and dropped: nobody listens there any more.
    let closed = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port");
    check(
        &format!("http://{closed}/rows.csv"),
        1,
        &format!(
            "http://{closed}/rows.csv cannot be reached (Connection refused (os error 111)); check the address and the \
             network"
        ),
    );
}

#[test]
fn addresses_that_cannot_be_meant_are_refused() {
    check(
        "http://169.254.169.254/rows.csv",
        2,
        "http://169.254.169.254/rows.csv leads to 169.254.169.254 (169.254.169.254), which is link-local, where cloud \
         metadata services live; data cannot be read from there, so give another address",
    );
    check(
        "http://[::1",
        2,
        "url \"http://[::1\": it is not well-formed (invalid IPv6 address); correct it",
    );
    check(
        "file:///nowhere/rows.csv",
        2,
        "/nowhere/rows.csv does not exist; there is no folder \"/nowhere\"",
    );
}
