# Needs SAYNA_URL and SAYNA_TOKEN. The name is the one on the server.
data "relay_sayna_room" "support" {
  name = "p_acme__support"
}

output "kinds" {
  value = { for one in data.relay_sayna_room.support.participants : one.identity => one.kind }
}
