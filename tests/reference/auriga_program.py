"""Lets the auriga program fit and serve an example, and compares its score and predictions with scikit-learn's."""

import contextlib
import json
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import compare

DEADLINE_SECONDS = 60


def differences(program: pathlib.Path, manifest: pathlib.Path, expected: dict, rows: list[dict]) -> list[str]:
    """One line per value that differs; empty when the program agrees about the test score and every test row."""
    at = f"{program.name}, {manifest.parent.name}"
    with tempfile.TemporaryDirectory() as folder:
        store = f"sqlite://{folder}/models.db"
        outcome = fit(program, manifest, store)
        scores = {"test": {expected["metric"]: expected["testScore"]}}
        found = compare.differences(scores, only(scores, outcome.get("scores")), f"{at}: scores")
        with serving(program, manifest, store) as address:
            predictions = post(f"{address}/predict", rows)["result"]
    return found + compare.differences(expected["predictions"], predictions, f"{at}: predictions")


def only(wanted: dict, found):
    """`found` without the entries that `wanted` does not have: the program may score by more metrics and splits."""
    if not isinstance(found, dict):
        return found
    return {
        key: only(wanted[key], value) if isinstance(wanted[key], dict) else value
        for key, value in found.items()
        if key in wanted
    }


def fit(program: pathlib.Path, manifest: pathlib.Path, store: str) -> dict:
    """Fits, persists and activates; the JSON object that the program prints."""
    command = [program, "fit", "-f", manifest, "--persister", store, "--output", "json"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE_SECONDS)
    if done.returncode != 0:
        raise SystemExit(f"{printed(command)} exited with {done.returncode}:\n{done.stderr}")
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError as fault:
        raise SystemExit(f"{printed(command)} printed no JSON object ({fault}): {done.stdout[:200]!r}") from fault


@contextlib.contextmanager
def serving(program: pathlib.Path, manifest: pathlib.Path, store: str):
    """The address under which the program serves the active version, until the block ends."""
    port = free_port()
    command = [program, "serve", "-f", manifest, "--persister", store, "--listen", f"127.0.0.1:{port}"]
    with tempfile.TemporaryFile("w+") as messages:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=messages, stderr=messages)
        try:
            address = f"http://127.0.0.1:{port}"
            if not answers(f"{address}/alive", server):
                messages.seek(0)
                raise SystemExit(f"{printed(command)} never answered /alive with 200:\n{messages.read()}")
            yield address
        finally:
            server.terminate()
            try:
                server.wait(timeout=DEADLINE_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def answers(url: str, server: subprocess.Popen) -> bool:
    """Whether `url` answers 200 before the deadline, and before the server ends."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    return False


def post(url: str, rows: list[dict]) -> dict:
    request = urllib.request.Request(url, json.dumps(rows).encode(), {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refusal:
        raise SystemExit(f"POST {url} answered {refusal.code}: {refusal.read().decode()}") from refusal


def free_port() -> int:
    # The port may be taken between this call and the server's start; it then fails loudly, and the check is run again.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def printed(command: list) -> str:
    return " ".join(map(str, command))
