run "nobody_is_removed_unless_asked" {
  assert {
    condition     = length(terraform_data.removed) == 0
    error_message = "Nobody was to be removed."
  }
}

run "who_is_not_there_may_be_removed" {
  variables {
    removed = { "ticket-17" = { room = "standup", identity = "user-123" } }
  }
  assert {
    condition     = toset(keys(terraform_data.removed)) == toset(["ticket-17"])
    error_message = "The entry is done, and will not be done again."
  }
}
