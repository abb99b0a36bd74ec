// Rooms in Go.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"example.com/pulumi-relay/sdk/go/relay"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		// On LiveKit, `pulumi config set agent notes` has that agent dispatched to the room.
		var livekit relay.LiveKitPtrInput
		if agent := config.Get(ctx, "agent"); agent != "" {
			livekit = relay.LiveKitArgs{
				DepartureTimeout: pulumi.Int(60),
				Agents: relay.AgentArray{relay.AgentArgs{
					AgentName: pulumi.String(agent),
					Metadata:  pulumi.Map{"topic": pulumi.String("standup")},
				}},
			}
		}
		standup, err := relay.NewRoom(ctx, "standup", &relay.RoomArgs{
			MaxParticipants: pulumi.Int(12),
			EmptyTimeout:    pulumi.Int(900),
			Metadata: pulumi.Map{
				"team":   pulumi.String("core"),
				"agenda": pulumi.StringArray{pulumi.String("news"), pulumi.String("blockers")},
			},
			Livekit: livekit,
		})
		if err != nil {
			return err
		}
		lobby, err := relay.NewRoom(ctx, "lobby", nil)
		if err != nil {
			return err
		}
		ctx.Export("sid", standup.Sid)
		ctx.Export("limit", lobby.MaxParticipants) // 0: no limit

		// `pulumi config set evict user-123` disconnects somebody with the next `pulumi up`; a preview never does.
		if evict := config.Get(ctx, "evict"); evict != "" {
			gone := relay.RemoveParticipantOutput(ctx, relay.RemoveParticipantOutputArgs{
				Room:     standup.Name,
				Identity: pulumi.String(evict),
			})
			ctx.Export("removed", gone.Removed())
		}
		return nil
	})
}
