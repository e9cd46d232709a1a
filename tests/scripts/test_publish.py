"""Publishing: small results are copied whole, what is not a result is passed over."""

from __future__ import annotations

import pytest

from scripts.publish import main


@pytest.fixture
def made(run, outputs):
    assert run("experiment=test/count", "job.steps=2").status == 0
    (folder,) = outputs.glob("runs/test/count/*")
    (folder / "tables").mkdir()
    (folder / "tables" / "scores.csv").write_text("a,b\n1,2\n")
    (folder / "sound.wav").write_bytes(b"RIFF")
    (folder / "big.csv").write_text("x" * 20_000)
    return folder


def test_a_run_is_copied_without_its_weight(made, outputs, run, capsys):
    assert main(["test/count", "--outputs", str(outputs), "--limit-kb", "10"]) == 0
    assert "left out, larger than 10 kB" in capsys.readouterr().err
    copy = outputs / "published" / "runs" / "test" / "count" / made.name
    names = {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file()}
    expected = {"config.yaml", "results.json", "environment.json", "tables/scores.csv"}
    assert names == expected
    assert list(copy.parent.iterdir()) == [copy], "nothing temporary is left"
    # The copy alone makes the run count as done.
    made.rename(outputs / "away")
    again = run("experiment=test/count", "job.steps=2")
    assert any("done before" in line for line in again.lines)


def test_publishing_again_replaces(made, outputs):
    name = f"test/count/{made.name}"
    assert main([name, "--outputs", str(outputs)]) == 0
    (made / "tables" / "scores.csv").write_text("new")
    assert main([name, "--outputs", str(outputs)]) == 0
    copy = outputs / "published" / "runs" / name
    assert (copy / "tables" / "scores.csv").read_text() == "new"


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["scale=smoke"], "was made with stand-ins"),
        (["scale=smoke", "assets=published"], "was made at scale=smoke"),
    ],
)
def test_what_is_no_result_is_passed_over(run, outputs, capsys, overrides, said):
    run("experiment=test/count", *overrides)
    assert main(["test/count", "--outputs", str(outputs)]) == 1
    passed, nothing = capsys.readouterr().err.splitlines()
    assert passed.startswith("passed over: ")
    assert said in passed
    assert nothing.startswith("error: no finished run of test/count to publish in ")
    assert not (outputs / "published").exists()


def test_the_results_beside_it_are_published(made, run, outputs, capsys):
    assert run("experiment=test/count", "scale=smoke").status == 0
    assert main(["test/count", "--outputs", str(outputs)]) == 0
    shown = capsys.readouterr()
    assert [line.split(":")[0] for line in shown.err.splitlines()] == ["passed over"]
    assert shown.out.split() == [str(outputs / "published" / "runs" / "test/count" / made.name)]


def test_nothing_to_publish_is_an_error(outputs, capsys):
    assert main(["test/nothing", "--outputs", str(outputs)]) == 1
    assert "no finished run of test/nothing" in capsys.readouterr().err
