"""Project prefixes never overlap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_provider.backends.prefix import elsewhere, is_project_id, others, project_prefix, split_name
from relay_provider.errors import ConfigError
from relay_provider.place import Place

pytestmark = pytest.mark.unit

project_ids = st.text("aB0._-", min_size=1, max_size=12).filter(is_project_id)


def test_a_name_on_the_server_begins_with_the_project() -> None:
    assert project_prefix("acme-1.x_y") == "p_acme-1.x_y__"


@pytest.mark.parametrize("wrong", ["", "_", "_a", "a_", "a__b", "a b", "ä", "a/b", "a:b", "a\n", "x" * 125])
def test_an_id_that_could_blur_two_projects_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigError, match="projectId"):
        project_prefix(wrong)


def test_the_longest_name_fits_the_server() -> None:
    assert len((project_prefix("x" * 124) + "n" * 128).encode()) == 256


@given(project_ids, project_ids, st.text("aB0._-:", max_size=12))
def test_no_name_of_one_project_lies_in_another(one: str, other: str, name: str) -> None:
    assert (project_prefix(one) + name).startswith(project_prefix(other)) == (one == other)


@given(project_ids, st.text("aB0._-:", max_size=12))
def test_a_name_on_the_server_is_taken_apart_as_it_was_put_together(project_id: str, name: str) -> None:
    assert split_name(project_prefix(project_id) + name) == (project_id, name)


@pytest.mark.parametrize("foreign", ["", "room", "p_", "p___x", "p_a", "p_a_x", "P_a__x"])
def test_a_name_without_a_prefix_belongs_to_no_project(foreign: str) -> None:
    assert split_name(foreign) is None


# -- Projects without a prefix

BARE = Place("livekit", "https://a.example:443")
ACME = Place("livekit", "https://a.example:443", "acme")


def test_a_project_without_a_prefix_declares_no_room_of_another_project() -> None:
    assert elsewhere(BARE, "p_acme__daily") == (
        "is room daily of projectId acme on that server, which a project without projectId leaves alone; "
        "declare it as daily in a project with projectId acme"
    )


@pytest.mark.parametrize("place", [ACME, Place("relay", "https://a.example:443")])
def test_where_names_have_a_prefix_or_another_place_they_may_look_like_one(place: Place) -> None:
    assert elsewhere(place, "p_acme__daily") == ""


@pytest.mark.parametrize("name", ["daily", "p_acme__", "p_acme", "p___daily", "P_acme__daily"])
def test_a_name_that_is_in_no_project_is_free(name: str) -> None:
    assert elsewhere(BARE, name) == ""


def test_a_project_without_a_prefix_sees_rooms_of_the_projects_on_its_own_server() -> None:
    elsewhere_too = Place("livekit", "https://b.example:443", "other")
    assert others(BARE, [BARE, ACME, elsewhere_too]) == {"p_acme__?*"}


def test_a_project_with_a_prefix_sees_none_of_others() -> None:
    assert others(ACME, [BARE, ACME, Place("livekit", "https://a.example:443", "b")]) == set()
