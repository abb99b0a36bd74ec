import * as pulumi from "@pulumi/pulumi";
import * as relay from "pulumi-relay";

// On LiveKit, `pulumi config set agent notes` has that agent dispatched to the room.
const agent = new pulumi.Config().get("agent");

const standup = new relay.Room("standup", {
    maxParticipants: 12,
    emptyTimeout: 900,
    metadata: { team: "core", agenda: ["news", "blockers"] },
    livekit: agent
        ? { departureTimeout: 60, agents: [{ agentName: agent, metadata: { topic: "standup" } }] }
        : undefined,
});
const lobby = new relay.Room("lobby");

export const sid = standup.sid;
export const limit: pulumi.Output<number> = lobby.maxParticipants; // 0: no limit

// `pulumi config set evict user-123` disconnects somebody with the next `pulumi up`; a preview never does.
const evict = new pulumi.Config().get("evict");
export const removed = evict
    ? relay.removeParticipantOutput({ room: standup.name, identity: evict }).removed
    : undefined;
