# Removing somebody is an action and no state, which the engines' protocol has no place for: relay-rooms does it, once for each
# entry of `removed`, when that is applied. A plan and a destroy remove nobody.
# To run: export RELAY_API_KEY, have relay-rooms on PATH, `tofu init`,
# `tofu apply -var 'removed={"ticket-17" = {room = "standup", identity = "user-123"}}'`.

terraform {
  required_version = ">= 1.11"
  required_providers {
    relay = { source = "welbuiltai/relay" }
  }
}

variable "removed" {
  description = "Whom to disconnect, by a label such as a ticket's. They can come back; another label removes them once more."
  type        = map(object({ room = string, identity = string }))
  default     = {}
}

provider "relay" {}

resource "relay_room" "standup" {
  name          = "standup"
  empty_timeout = 86400
}

resource "terraform_data" "removed" {
  for_each         = var.removed
  triggers_replace = each.value

  provisioner "local-exec" {
    # In the environment, because an identity may have anything in it that a shell obeys.
    command     = "relay-rooms remove-participant -- \"$ROOM\" \"$IDENTITY\""
    environment = { ROOM = each.value.room, IDENTITY = each.value.identity }
  }

  depends_on = [relay_room.standup]
}
