# The rooms of rooms.yaml, each a resource. The same file serves relay-rooms and Pulumi programs.
# To run: `relay-rooms terraform install`, export RELAY_API_KEY, `tofu init`, `tofu apply`.

terraform {
  required_version = ">= 1.11"
  required_providers {
    relay = { source = "welbuiltai/relay" }
  }
}

variable "manifest" {
  description = "The manifest, in this folder."
  type        = string
  default     = "rooms.yaml"
}

variable "project" {
  description = "Whose rooms: a label of the manifest. Another project has another key, and so a provider block of its own."
  type        = string
  default     = "webinars"
}

# RELAY_API_KEY, RELAY_BASE_URL, … of the environment; what the manifest says of keys and addresses is for relay-rooms.
provider "relay" {}

# In a local value: inside `for_each` an engine would work it out anew for each room.
locals {
  declared = provider::relay::manifest(file("${path.module}/${var.manifest}"))
  rooms    = { for key, room in local.declared : key => room if room.project == var.project }
}

resource "relay_room" "declared" {
  for_each = local.rooms

  name             = each.value.name
  max_participants = each.value.max_participants
  empty_timeout    = each.value.empty_timeout
  metadata         = each.value.metadata
  force_destroy    = each.value.force_destroy
  livekit          = each.value.livekit
}

# Rooms that people will look for here, and that nobody declared.
data "relay_rooms" "live" {
  depends_on = [relay_room.declared]
}

output "sids" {
  value = { for key, room in relay_room.declared : key => room.sid }
}

output "not_declared" {
  value = sort(setsubtract(data.relay_rooms.live.rooms[*].name, values(local.rooms)[*].name))
}
