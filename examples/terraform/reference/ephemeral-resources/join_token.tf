# A bot's token, handed on without ever being in a state or a plan.
ephemeral "relay_join_token" "recorder" {
  provider = relay.livekit

  room        = "support"
  identity    = "recorder"
  ttl         = "1h"
  grants      = { canPublish = false }
  room_config = relay_room.support.room_config
}

resource "terraform_data" "recorder" {
  triggers_replace = relay_room.support.sid

  provisioner "local-exec" {
    command     = "./start-recorder.sh"
    environment = { TOKEN = ephemeral.relay_join_token.recorder.token }
  }
}
