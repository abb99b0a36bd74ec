# `tofu test` or `terraform test`, against the API that RELAY_BASE_URL and RELAY_API_KEY name: a project for tests, since the
# rooms are really made, and ended when the tests have run.

run "every_room_of_the_manifest_is_made" {
  assert {
    condition     = toset(keys(relay_room.declared)) == toset(["webinars/all-hands", "webinars/lobby"])
    error_message = "The manifest has two rooms."
  }
  assert {
    condition     = relay_room.declared["webinars/all-hands"].max_participants == 500
    error_message = "A room's own setting beats the defaults."
  }
  assert {
    condition     = relay_room.declared["webinars/lobby"].max_participants == 100
    error_message = "The project's defaults hold."
  }
  assert {
    condition     = jsondecode(relay_room.declared["webinars/all-hands"].metadata).host == "ada"
    error_message = "Clients are told the metadata."
  }
  assert {
    condition     = length(output.not_declared) == 0
    error_message = "Somebody else has rooms here."
  }
}

# OpenTofu compares no two runs; but a plan knows the sid of a room only where the room stays.

run "a_second_plan_makes_nothing_anew" {
  command = plan
  assert {
    condition     = alltrue([for room in relay_room.declared : room.sid != ""])
    error_message = "A room would be made anew."
  }
}

run "another_manifest_leaves_what_did_not_change" {
  command = plan
  variables {
    manifest = "tests/larger.yaml"
  }
  assert {
    condition     = relay_room.declared["webinars/lobby"].max_participants == 200
    error_message = "The lobby takes 200."
  }
  assert {
    condition     = relay_room.declared["webinars/all-hands"].sid != ""
    error_message = "The other room would be made anew."
  }
}
