locals {
  # In a local value: inside `for_each` an engine would work it out anew for each room.
  rooms = provider::relay::manifest(file("${path.module}/rooms.yaml"))
}

resource "relay_room" "declared" {
  for_each = { for key, room in local.rooms : key => room if room.project == "webinars" }

  name             = each.value.name
  max_participants = each.value.max_participants
  empty_timeout    = each.value.empty_timeout
  metadata         = each.value.metadata
  force_destroy    = each.value.force_destroy
  livekit          = each.value.livekit
}
