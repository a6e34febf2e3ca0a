"""Lets the auriga program fit and serve an example, and compares it with scikit-learn.

Two fits are compared. The manifest as it stands is served: its score and its predictions of all test rows. A copy that
lets the solver run to the minimum, as scikit-learn's did, is read out of the store: the weights from the safetensors
file, the probabilities from the golden requests. This reader shares no code with the program that wrote them.
"""

import contextlib
import json
import math
import pathlib
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import numpy
import yaml
from safetensors.numpy import load

import compare

DEADLINE_SECONDS = 60
# Of the largest weight, and of a probability: what a user could not tell apart.
TOLERANCE = 1e-3
# What may differ where the manifest stops the solver early: one row in a hundred near a border between two classes.
ROWS_OFF = 1
# A forest of other random numbers is as good as the mean of several, within so much accuracy.
FOREST_TOLERANCE = 0.01
EXACT = {"logisticRegression": {"tol": 1e-10, "maxIter": 10_000}}


def differences(program: pathlib.Path, manifest: pathlib.Path, expected: dict, rows: list[dict]) -> list[str]:
    """One line per value that differs; empty when the program agrees."""
    at = f"{program.name}, {manifest.parent.name}"
    with tempfile.TemporaryDirectory() as folder:
        store = f"sqlite://{folder}/models.db"
        outcome = fit(program, manifest, store)
        if expected["estimator"].startswith("randomForest"):
            score = outcome["scores"]["test"][expected["metric"]]
            return far(numpy.array(expected["testScore"]), numpy.array(score), 1.0, f"{at}: test score", FOREST_TOLERANCE)
        scores = {"test": {expected["metric"]: expected["testScore"]}}
        found = compare.differences(scores, only(scores, outcome.get("scores")), f"{at}: scores")
        with serving(program, manifest, store) as address:
            predictions = post(f"{address}/predict", rows)["result"]
        off = differing(expected["predictions"], predictions)
        if off > ROWS_OFF:
            found.append(f"{at}: {off} of {len(rows)} test rows are predicted otherwise")
        return found + at_the_minimum(program, manifest, expected, pathlib.Path(folder), at)


def differing(expected: list, predictions: list) -> int:
    """How many predictions differ: labels exactly, numbers beyond the tolerance."""
    if len(expected) != len(predictions):
        return max(len(expected), len(predictions))
    same = lambda e, p: math.isclose(e, p, rel_tol=TOLERANCE) if compare.is_number(e) else e == p
    return sum(not same(e, p) for e, p in zip(expected, predictions))


def at_the_minimum(program: pathlib.Path, manifest: pathlib.Path, expected: dict, folder: pathlib.Path, at: str) -> list[str]:
    """Weights, intercepts and probabilities of a fit that runs as far as scikit-learn's."""
    document = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    spec = document["spec"]
    for kind, settings in spec["estimator"].items():
        settings.update(EXACT.get(kind, {}))
    for part in ("train", "test"):
        spec["dataset"][part]["csv"]["path"] = str(manifest.parent / spec["dataset"][part]["csv"]["path"])
    spec["training"] = {"goldenRequests": {"rows": 100}}
    copy, database = folder / "minimum.yaml", folder / "minimum.db"
    copy.write_text(yaml.safe_dump(document), encoding="utf-8")
    fit(program, copy, f"sqlite://{database}")

    tensors, facts = read(database)
    expected_weights = numpy.atleast_2d(expected["coefficients"])
    weights = tensors["estimator.coefficients"].reshape(expected_weights.shape)
    found = far(expected_weights, weights, numpy.abs(expected_weights).max(), f"{at}: coefficients")
    # Softmax leaves a common shift of all intercepts free.
    centred = lambda values: values - values.mean() if values.size > 1 else values
    expected_intercepts = numpy.atleast_1d(expected["intercepts"])
    intercepts = tensors[next(name for name in tensors if name.startswith("estimator.intercept"))].reshape(-1)
    scale = max(numpy.abs(expected_intercepts).max(), numpy.abs(expected_weights).max())
    found += far(centred(expected_intercepts), centred(intercepts), scale, f"{at}: intercepts")
    if "probabilities" in expected:
        stored = numpy.array(facts["golden"]["probabilities"])
        found += far(numpy.array(expected["probabilities"]), stored, 1.0, f"{at}: probabilities")
    return found


def far(expected: numpy.ndarray, found: numpy.ndarray, scale: float, at: str, tolerance: float = TOLERANCE) -> list[str]:
    if expected.shape != found.shape:
        return [f"{at}: the shape is {found.shape}, expected {expected.shape}"]
    largest = numpy.abs(expected - found).max() / scale
    print(f"{at}: off by {largest:.1e} at the most")
    return [] if largest <= tolerance else [f"{at}: off by {largest:.2e}, more than {tolerance}"]


def read(database: pathlib.Path) -> tuple[dict, dict]:
    """The tensors and the facts of the only version in a store."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        [(digest, manifest)] = connection.execute("SELECT digest, manifest FROM version").fetchall()
        chunks = connection.execute("SELECT bytes FROM chunk WHERE digest = ? ORDER BY sequence", (digest,))
        return load(b"".join(chunk for (chunk,) in chunks)), json.loads(manifest)["facts"]


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
