"""Seeds that go through the network together: each its own take, and none the victim of another."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from songkit.audio import Samples
from songkit.files import read_audio
from songkit.generate import GENERATORS
from songkit.generate.diffrhythm import PACKAGES, room
from songkit.make import TakesResult
from songkit.make.order import TakesOrder, settle_takes
from songkit.progress import Update

pytestmark = pytest.mark.skipif(
    any(find_spec(package) is None for package in PACKAGES),
    reason="not all of the extra is installed: pip install 'songkit[diffrhythm]'",
)
torch = pytest.importorskip("torch")

from songkit.generate.diffrhythm import checkpoint, settle, sung  # noqa: E402
from songkit.generate.diffrhythm.options import Options  # noqa: E402
from songkit.generate.diffrhythm.precision import BF16, Place  # noqa: E402
from tests.tiny_diffrhythm import keep_to_one_process, take, write  # noqa: E402

TOGETHER = {"batch": 2}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("models"))


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setitem(GENERATORS, "diffrhythm", "tests.tiny_diffrhythm:Tiny")
    keep_to_one_process(monkeypatch)


def samples(result: TakesResult) -> dict[int, Samples]:
    return {each.seed: read_audio(each.take.audio).samples for each in result.takes if each.take is not None}


def stages(updates: list[Update], subject: str) -> list[str]:
    return list(dict.fromkeys(update.stage for update in updates if update.subject == subject))


def test_together_each_seed_makes_the_song_that_it_makes_alone(tmp_path: Path, models: Path) -> None:
    updates: list[Update] = []
    together = take(tmp_path / "a" / "run", models, "1,2,3", options=TOGETHER, progress=updates.append)
    alone = samples(take(tmp_path / "b" / "run", models, "1,2,3"))
    for seed, made in samples(together).items():
        np.testing.assert_allclose(made, alone[seed], atol=2e-4)
    assert sorted(alone) == [1, 2, 3]
    batches = [each.take.facts.get("together") for each in together.takes if each.take is not None]
    assert batches == [["1", "2"], ["1", "2"], None]
    assert stages(updates, "seeds 1, 2") == ["load", "sample"]
    assert "sample" not in stages(updates, "seed 1")
    assert "sample" in stages(updates, "seed 3")


def test_a_batch_without_memory_is_made_seed_by_seed_and_said(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = samples(take(tmp_path / "a" / "run", models, "1,2"))
    monkeypatch.setenv("TINY_NO_MEMORY", "sample")
    monkeypatch.setenv("TINY_BATCH", "1")
    updates: list[Update] = []
    parted = take(tmp_path / "b" / "run", models, "1,2", options=TOGETHER, progress=updates.append)
    assert "in stage 'sample': out of memory; each seed is made alone" in [each.detail for each in updates]
    assert "memory ran out with 2 seeds together: each was made alone" in parted.warnings
    for seed, made in samples(parted).items():
        np.testing.assert_array_equal(made, alone[seed])


def test_a_seed_that_is_lost_leaves_the_others_alone(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = samples(take(tmp_path / "a" / "run", models, "1,2", options=TOGETHER))
    drawn = sung.noise

    def with_a_hole(seeds: Any, *rest: Any) -> Any:
        noise = drawn(seeds, *rest)
        noise[torch.tensor(seeds) == 1, 7] = torch.nan
        return noise

    monkeypatch.setattr(sung, "noise", with_a_hole)
    result = take(tmp_path / "b" / "run", models, "1,2", options=TOGETHER)
    assert [each.state for each in result.takes] == ["failed", "valid"]
    assert "latent values are not finite" in result.takes[0].reasons[0]
    np.testing.assert_array_equal(samples(result)[2], whole[2])


def test_after_an_interrupt_the_latents_of_the_batch_are_found(tmp_path: Path, models: Path) -> None:
    def interrupted(update: Update) -> None:
        if update.stage == "decode" and update.subject == "seed 2":
            raise KeyboardInterrupt

    whole = samples(take(tmp_path / "a" / "run", models, "1,2", options=TOGETHER))
    with pytest.raises(KeyboardInterrupt):
        take(tmp_path / "b" / "run", models, "1,2", options=TOGETHER, progress=interrupted)
    updates: list[Update] = []
    result = take(tmp_path / "b" / "run", models, "1,2", options=TOGETHER, progress=updates.append)
    assert all("sample" not in stages(updates, subject) for subject in ("seeds 1, 2", "seeds 2", "seed 1", "seed 2"))
    assert [each.reused for each in result.takes] == [True, False]
    np.testing.assert_array_equal(samples(result)[2], whole[2])


def test_a_batch_that_was_killed_goes_on_between_its_steps(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(update: Update) -> None:
        if update.stage == "sample" and (update.fraction or 0.0) > 0.5:
            raise KeyboardInterrupt

    whole = samples(take(tmp_path / "a" / "run", models, "1,2", options=TOGETHER))
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", 0.0)
    with pytest.raises(KeyboardInterrupt):
        take(tmp_path / "b" / "run", models, "1,2", options=TOGETHER, progress=killed)
    updates: list[Update] = []
    again = take(tmp_path / "b" / "run", models, "1,2", options=TOGETHER, progress=updates.append)
    steps = [update.fraction for update in updates if (update.stage, update.subject) == ("sample", "seeds 1, 2")]
    assert steps == [0.0, *(pytest.approx(step / 7) for step in (5, 6, 7))]
    for seed, made in samples(again).items():
        np.testing.assert_array_equal(made, whole[seed])


def settled(models: Path, seeds: str = "1,2", jobs: int | None = None, **options: Any) -> TakesOrder:
    given = {"models": str(models), "precision": "fp32", **options}
    return settle_takes(seconds=10, seeds=seeds, generator="diffrhythm", options=given, jobs=jobs)


def test_a_key_holds_who_was_in_the_batch_and_not_how_many_were_allowed(models: Path) -> None:
    def key(seeds: str, batch: int) -> str:
        return settled(models, seeds, batch=batch).take_key(1)

    assert key("1,2", 1) == key("1,", 1) == key("1,", 4)
    assert key("1,2", 2) == key("1,2,3", 2) != key("1,2", 1)
    assert key("1,2", 2) != key("1,5", 2)
    assert settled(models, batch=2).run_from != settled(models, batch=1).run_from


def test_a_key_holds_what_the_weights_are_and_not_where_they_lie(tmp_path: Path, models: Path) -> None:
    moved = tmp_path / "elsewhere"
    moved.symlink_to(models)
    there, here = settled(moved), settled(models)
    assert there.request.options["models"] != here.request.options["models"]
    assert there.take_key(1) == here.take_key(1)
    assert there.run_from == here.run_from
    damaged = write(tmp_path / "damaged", damage="proj_out.bias")
    assert settled(damaged).take_key(1) != here.take_key(1)


def test_takes_at_the_same_time_share_the_threads(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("songkit.children.cores", lambda: 8)
    threads = {jobs: settled(models, seeds="4", jobs=jobs).request.options["threads"] for jobs in (None, 1, 3, 100)}
    assert threads == {None: 8, 1: 8, 3: 2, 100: 2}
    assert settled(models, jobs=2, threads=5).request.options["threads"] == 5


def test_a_batch_is_settled_where_it_pays(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(total_memory=8 * 10**9))
    gpu = Place(torch.device("cuda"), BF16, "for the test")
    assert settle.batch_for(Options(models=models), 10.0, gpu) == room.MOST_TOGETHER
    assert settle.batch_for(Options(models=models, solver="dopri5"), 10.0, gpu) == 1
    assert settle.batch_for(Options(models=models, chunked_ode=True), 10.0, gpu) == 1
    assert settle.batch_for(Options(models=models), 10.0, Place(torch.device("cpu"), BF16, "for the test")) == 1


@pytest.mark.parametrize(
    ("gigabytes", "frames", "bytes_per_weight", "fit"),
    [(4, 2048, 2, 1), (8, 2048, 2, 7), (8, 6144, 2, 2), (8, 2048, 4, 1), (80, 2048, 2, 8)],
)
def test_a_gpu_takes_as_many_seeds_as_it_holds(gigabytes: int, frames: int, bytes_per_weight: int, fit: int) -> None:
    assert room.seeds_that_fit(gigabytes * 10**9, frames, bytes_per_weight) == fit
