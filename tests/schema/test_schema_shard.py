"""Shards are a partition of the family, whatever their number; and which run of CI a record is of."""

from hypothesis import given
from hypothesis import strategies as st

from weirdgen.schema.shard import Shard, ci_run


@given(st.integers(0, 300), st.integers(1, 60))
def test_every_member_of_the_family_is_in_one_shard(size: int, total: int) -> None:
    parts = [Shard(number, total).of(range(size)) for number in range(1, total + 1)]
    assert sorted(member for part in parts for member in part) == list(range(size))
    assert max(len(part) for part in parts) - min(len(part) for part in parts) <= 1


@given(st.lists(st.booleans(), min_size=1, max_size=80), st.integers(1, 9))
def test_what_is_selected_moves_nothing_to_another_shard(selected: list[bool], total: int) -> None:
    family = list(range(len(selected)))
    home = {member: number for number in range(1, total + 1) for member in Shard(number, total).of(family)}
    assert home == {member: member % total + 1 for member in family}, "a function of the family's order alone"


def test_a_run_of_ci_is_what_all_of_its_jobs_have_in_common() -> None:
    github = {"ci.github_repository": "o/r", "ci.github_run_id": "7", "ci.github_run_attempt": "2"}
    assert ci_run(github) == ci_run(github | {"ci.github_run_attempt": "3"}) == "o/r 7"
    gitlab = {"ci.ci_project_url": "https://git.example/p", "ci.ci_pipeline_id": "9"}
    assert ci_run(gitlab | {"ci.ci_job_id": "1"}) == ci_run(gitlab | {"ci.ci_job_id": "2"})
    assert ci_run({"ci.build_url": "https://ci.example/job/1/"}) == "https://ci.example/job/1/"
    assert ci_run({"ci.ci": "true", "ci.github_repository": "o/r"}) == ""
