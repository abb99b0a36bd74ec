package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

var errGone = errors.New("there is no such room")

// rooms is what the resource needs of an API.
type rooms interface {
	create(context.Context, RoomArgs) (*live, error)
	get(context.Context, string) (*live, error)
	end(context.Context, string) error
}

// live is a room as the API answers.
type live struct {
	Room            string `json:"room"`
	Sid             string `json:"sid"`
	MaxParticipants int    `json:"maxParticipants"`
	CreationTime    int64  `json:"creationTime"`
	Metadata        string `json:"metadata"`
}

// state is the room's state; the API does not report emptyTimeout.
func (l live) state(before RoomState) RoomState {
	args := RoomArgs{Name: l.Room, EmptyTimeout: before.EmptyTimeout}
	if l.MaxParticipants != 0 {
		args.MaxParticipants = &l.MaxParticipants
	}
	if l.Metadata != "" {
		args.Metadata = &l.Metadata
	}
	return RoomState{RoomArgs: args, Sid: l.Sid, CreationTime: l.CreationTime}
}

type client struct {
	http     *http.Client
	url, key string
}

func newClient(url, key string) *client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 32 // as many as the engine asks at once; the default of 2 closes the others
	return &client{&http.Client{Timeout: timeout, Transport: transport}, url, key}
}

func (c *client) create(ctx context.Context, room RoomArgs) (*live, error) {
	body := map[string]any{"name": room.Name}
	if room.MaxParticipants != nil {
		body["maxParticipants"] = *room.MaxParticipants
	}
	if room.EmptyTimeout != nil {
		body["emptyTimeout"] = *room.EmptyTimeout
	}
	if room.Metadata != nil {
		body["metadata"] = *room.Metadata
	}
	var answer live
	return &answer, c.do(ctx, http.MethodPost, "/rooms", body, &answer)
}

func (c *client) get(ctx context.Context, name string) (*live, error) {
	var answer live
	return &answer, c.do(ctx, http.MethodGet, "/rooms/"+url.PathEscape(name), nil, &answer)
}

func (c *client) end(ctx context.Context, name string) error {
	return c.do(ctx, http.MethodDelete, "/rooms/"+url.PathEscape(name), nil, nil)
}

func (c *client) do(ctx context.Context, method, path string, body, answer any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, content)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+c.key)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return err
	case response.StatusCode == http.StatusNotFound:
		return errGone
	case response.StatusCode >= 300:
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
	case answer == nil:
		return nil
	}
	return json.Unmarshal(text, answer)
}

// nothing makes, finds and ends whatever is asked for, and does nothing.
type nothing struct{}

func (nothing) create(context.Context, RoomArgs) (*live, error) { return &live{}, nil }
func (nothing) get(context.Context, string) (*live, error)      { return nil, nil }
func (nothing) end(context.Context, string) error               { return nil }
