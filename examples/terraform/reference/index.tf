terraform {
  required_providers {
    relay = { source = "welbuiltai/relay" }
  }
}

# Everything that is left out comes from the environment: RELAY_API_KEY, RELAY_BASE_URL, …
provider "relay" {}

# Rooms on one's own LiveKit server, or of another Relay project: a block of their own for each.
provider "relay" {
  alias   = "livekit"
  backend = "livekit" # with LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET
}
