"""The page of a fleet: every gate in a row, and nothing of names, errors or output is markup."""

from pathlib import Path

from page_facts import PageFacts

from weirdgen.pages.fleet import write_fleet_page
from weirdgen.schema.fleet import FleetEntry, FleetRecord

ATTACK = (
    "\"'></pre></style></script><script>document.title='owned'</script><img src=x onerror=alert(1)>"
    "<svg onload=alert(2)>{{ 7*7 }}{% raw %}javascript:alert(3)\u202egnp.exe\u202c\x1b[31m\x00 <!-- --> ]]>"
)


def page(tmp_path: Path, *entries: FleetEntry) -> PageFacts:
    record = FleetRecord(
        weirdgen="0.1.0",
        started_at="2026-01-02T03:04:05+00:00",
        finished_at="2026-01-02T03:05:05+00:00",
        models=f"M{ATTACK}.txt",
        suites=("suites",),
        workers="this machine",
        alpha=0.05,
        family_size=176,
        entries=entries,
        exit_status=1,
    )
    write_fleet_page(record, tmp_path)
    return PageFacts((tmp_path / "fleet.html").read_text(encoding="utf-8"))


def test_a_row_for_each_gate_the_worst_first(tmp_path: Path) -> None:
    (tmp_path / "clean" / "report").mkdir(parents=True)
    (tmp_path / "clean" / "report" / "summary.md").touch()
    clean = FleetEntry(
        model="clean", line=1, folder="clean", exit_status=0, run="clean/report/run.json", absent_in_fleet=2,
        findings={"old_bird_names": {"ABSENT": 3}},
    )  # fmt: skip
    lost = FleetEntry(model="lost", line=2, folder="lost", error="its process was killed by SIGKILL", tail="Traceback")
    found = page(tmp_path, clean, lost)
    assert found.table_rows() == [
        ["model", "gate", "old_bird_names", "after correction over 2 models"],
        ["lost", "NO VERDICT", "", ""],
        ["clean", "passed", "✔ 3/3", "2 of 3 ABSENT"],
    ]
    assert [link for link in found.attributes("href") if not link.startswith("#")] == ["clean/report/summary.md"]
    assert "its process was killed by SIGKILL" in found.text
    assert "Traceback" in found.text


def test_hostile_text_is_shown_and_does_nothing(tmp_path: Path) -> None:
    bad = FleetEntry(
        model=f"m{ATTACK}", line=1, folder="m-0", error=f"e{ATTACK}", tail=f"t{ATTACK}",
        findings={f"p{ATTACK}": {"PRESENT": 1}},
    )  # fmt: skip
    found = page(tmp_path, bad)
    tags = {tag for tag, _ in found.tags}
    assert not tags & {"script", "img", "svg", "iframe", "form", "link"}
    assert not any(name.startswith("on") for _, attributes in found.tags for name in attributes)
    assert found.text.count("<script>document.title='owned'</script>") >= 3
    assert "{{ 7*7 }}" in found.text
    assert not {"\x1b", "\x00", "\u202e"} & set(found.text)
    assert all(link.startswith("#") for link in found.attributes("href"))
