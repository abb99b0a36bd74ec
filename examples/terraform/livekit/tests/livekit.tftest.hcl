# Against the server of LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET; RELAY_PROJECT_ID gives the rooms a prefix of their own.

run "the_room_has_its_agent" {
  assert {
    condition     = relay_room.standup.livekit.agents[0].agent_name == "notes"
    error_message = "The agent is dispatched."
  }
}

run "agents_and_metadata_will_change_in_place" {
  command = plan
  variables {
    languages = ["en", "nl"]
    topic     = "Retrospective"
  }
  assert {
    condition     = relay_room.standup.sid != "" # of a room that is made anew a plan knows none
    error_message = "The room would be made anew, and everybody in it leave."
  }
}

run "there_is_an_agent_for_each_language" {
  variables {
    languages = ["en", "nl"]
    topic     = "Retrospective"
  }
  assert {
    condition     = length(relay_room.standup.livekit.agents) == 2
    error_message = "There is one for each language."
  }
}
