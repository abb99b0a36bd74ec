// A Pulumi provider of rooms as one writes it in Go with pulumi-go-provider: what `python -m bench` compares with.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// Config is the provider's configuration; the environment fills what is not given.
type Config struct {
	APIKey  string `pulumi:"apiKey,optional" provider:"secret"`
	BaseURL string `pulumi:"baseUrl,optional"`

	rooms rooms
}

// Configure connects the provider to its API, or to nothing, which shows what the engine itself costs.
func (c *Config) Configure(context.Context) error {
	if os.Getenv("PEER_NOTHING") != "" {
		c.rooms = nothing{}
		return nil
	}
	key, url := or(c.APIKey, os.Getenv("RELAY_API_KEY")), or(c.BaseURL, os.Getenv("RELAY_BASE_URL"))
	if key == "" || url == "" {
		return errors.New("apiKey and baseUrl are required")
	}
	c.rooms = newClient(url, key)
	return nil
}

// Room is the resource.
type Room struct{}

// RoomArgs are a room's inputs.
type RoomArgs struct {
	Name            string  `pulumi:"name"`
	MaxParticipants *int    `pulumi:"maxParticipants,optional"`
	EmptyTimeout    *int    `pulumi:"emptyTimeout,optional"`
	Metadata        *string `pulumi:"metadata,optional"`
}

// RoomState is a room as it is live.
type RoomState struct {
	RoomArgs
	Sid          string `pulumi:"sid"`
	CreationTime int64  `pulumi:"creationTime"`
}

// Create makes the room.
func (Room) Create(ctx context.Context, req infer.CreateRequest[RoomArgs]) (infer.CreateResponse[RoomState], error) {
	state := RoomState{RoomArgs: req.Inputs}
	if req.DryRun {
		return infer.CreateResponse[RoomState]{ID: req.Inputs.Name, Output: state}, nil
	}
	live, err := infer.GetConfig[Config](ctx).rooms.create(ctx, req.Inputs)
	if err != nil {
		return infer.CreateResponse[RoomState]{}, fmt.Errorf("creating room %q: %w", req.Inputs.Name, err)
	}
	state.Sid, state.CreationTime = live.Sid, live.CreationTime
	return infer.CreateResponse[RoomState]{ID: req.Inputs.Name, Output: state}, nil
}

// Read looks at the room; one that is gone has no ID.
func (Room) Read(ctx context.Context, req infer.ReadRequest[RoomArgs, RoomState]) (infer.ReadResponse[RoomArgs, RoomState], error) {
	live, err := infer.GetConfig[Config](ctx).rooms.get(ctx, req.ID)
	if errors.Is(err, errGone) {
		return infer.ReadResponse[RoomArgs, RoomState]{}, nil
	}
	if err != nil {
		return infer.ReadResponse[RoomArgs, RoomState]{}, fmt.Errorf("reading room %q: %w", req.ID, err)
	}
	state := req.State
	if live != nil {
		state = live.state(req.State)
	}
	return infer.ReadResponse[RoomArgs, RoomState]{ID: req.ID, Inputs: state.RoomArgs, State: state}, nil
}

// Diff replaces a room whose settings changed, since the API changes none. The old one ends first: both have one name.
func (Room) Diff(_ context.Context, req infer.DiffRequest[RoomArgs, RoomState]) (p.DiffResponse, error) {
	changed := map[string]p.PropertyDiff{}
	for field, same := range map[string]bool{
		"name":            req.State.Name == req.Inputs.Name,
		"maxParticipants": equal(req.State.MaxParticipants, req.Inputs.MaxParticipants),
		"emptyTimeout":    equal(req.State.EmptyTimeout, req.Inputs.EmptyTimeout),
		"metadata":        equal(req.State.Metadata, req.Inputs.Metadata),
	} {
		if !same {
			changed[field] = p.PropertyDiff{Kind: p.UpdateReplace}
		}
	}
	return p.DiffResponse{HasChanges: len(changed) > 0, DeleteBeforeReplace: true, DetailedDiff: changed}, nil
}

// Delete ends the room.
func (Room) Delete(ctx context.Context, req infer.DeleteRequest[RoomState]) (infer.DeleteResponse, error) {
	if err := infer.GetConfig[Config](ctx).rooms.end(ctx, req.ID); err != nil {
		return infer.DeleteResponse{}, fmt.Errorf("ending room %q: %w", req.ID, err)
	}
	return infer.DeleteResponse{}, nil
}

// Group is many rooms in one resource, of which nothing is made: what so large a resource costs the engine itself.
type Group struct{}

// Settings are a room's, by its name.
type Settings struct {
	MaxParticipants *int    `pulumi:"maxParticipants,optional"`
	EmptyTimeout    *int    `pulumi:"emptyTimeout,optional"`
	Metadata        *string `pulumi:"metadata,optional"`
}

// GroupArgs are the inputs of a group.
type GroupArgs struct {
	Rooms map[string]Settings `pulumi:"rooms"`
}

// Kept is what a set of rooms keeps of each.
type Kept struct {
	Settings
	ForceDestroy bool   `pulumi:"forceDestroy"`
	Sid          string `pulumi:"sid"`
	CreationTime int64  `pulumi:"creationTime"`
}

// GroupState is a state as large as that of a set of rooms.
type GroupState struct {
	Rooms map[string]Kept `pulumi:"rooms"`
}

func (g GroupArgs) state() GroupState {
	kept := make(map[string]Kept, len(g.Rooms))
	for name, settings := range g.Rooms {
		kept[name] = Kept{Settings: settings, Sid: "RM_" + name, CreationTime: 1_700_000_000}
	}
	return GroupState{Rooms: kept}
}

// Create says that all is there.
func (Group) Create(_ context.Context, req infer.CreateRequest[GroupArgs]) (infer.CreateResponse[GroupState], error) {
	return infer.CreateResponse[GroupState]{ID: "rooms", Output: req.Inputs.state()}, nil
}

// Update says that all is as it should be.
func (Group) Update(_ context.Context, req infer.UpdateRequest[GroupArgs, GroupState]) (infer.UpdateResponse[GroupState], error) {
	return infer.UpdateResponse[GroupState]{Output: req.Inputs.state()}, nil
}

func equal[T comparable](one, other *T) bool {
	return one == other || (one != nil && other != nil && *one == *other)
}

func or(value, fallback string) string {
	if value != "" {
		return value
	}
	return fallback
}

const timeout = 10 * time.Second

func main() {
	provider, err := infer.NewProviderBuilder().
		WithConfig(infer.Config(&Config{})).
		WithResources(infer.Resource(Room{}), infer.Resource(Group{})).
		Build()
	if err == nil {
		err = provider.Run(context.Background(), "peer", "0.1.0")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
