data "relay_room" "standup" {
  name = "standup"
}

output "who_is_in_it" {
  value = data.relay_room.standup.participants[*].identity
}
