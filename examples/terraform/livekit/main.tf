# Rooms on one's own LiveKit server, one with an agent in it.
# To run: export LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET, `tofu init`, `tofu apply`.

terraform {
  required_version = ">= 1.11"
  required_providers {
    relay = { source = "welbuiltai/relay" }
  }
}

variable "languages" {
  description = "What the agent takes notes in; a change dispatches agents and withdraws others, and nobody leaves."
  type        = list(string)
  default     = ["en"]
}

variable "topic" {
  description = "Clients are told it as it changes."
  type        = string
  default     = "Daily standup"
}

provider "relay" {
  backend = "livekit"
}

resource "relay_room" "standup" {
  name             = "standup"
  max_participants = 12
  empty_timeout    = 900
  metadata         = { topic = var.topic }

  livekit = {
    departure_timeout = 60
    agents = [
      for language in var.languages : { agent_name = "notes", metadata = jsonencode({ language = language }) }
    ]
  }
}

resource "relay_room" "lobby" {
  name = "lobby"
}

output "sid" {
  value = relay_room.standup.sid
}
