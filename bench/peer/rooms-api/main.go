// The Rooms API that all ways talk to, with so little work per request that it hides no difference between them.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

type room struct {
	Room            string `json:"room"`
	Sid             string `json:"sid"`
	NumParticipants int    `json:"numParticipants"`
	MaxParticipants int    `json:"maxParticipants"`
	CreationTime    int64  `json:"creationTime"`
	Metadata        string `json:"metadata"`
}

type detail struct {
	room
	Participants []string `json:"participants"`
}

// api has the rooms of each key, the requests so far, and how long every answer is held back.
type api struct {
	mutex    sync.Mutex
	projects map[string]map[string]room
	requests map[string]int
	latency  time.Duration
	made     int
}

type handler func(rooms map[string]room, request *http.Request) (int, any)

// counted holds the answer back, and lets one request at a time at the rooms of its key.
func (a *api) counted(handle handler) http.HandlerFunc {
	return func(writer http.ResponseWriter, request *http.Request) {
		a.mutex.Lock()
		a.requests[request.Method]++
		latency, key := a.latency, request.Header.Get("Authorization")
		if a.projects[key] == nil {
			a.projects[key] = map[string]room{}
		}
		status, answer := handle(a.projects[key], request)
		a.mutex.Unlock()
		time.Sleep(latency)
		send(writer, status, answer)
	}
}

func (a *api) create(rooms map[string]room, request *http.Request) (int, any) {
	var asked struct {
		Name            string `json:"name"`
		MaxParticipants int    `json:"maxParticipants"`
		Metadata        string `json:"metadata"`
	}
	if err := json.NewDecoder(request.Body).Decode(&asked); err != nil {
		return problem(http.StatusUnprocessableEntity, "invalid_request", err.Error())
	}
	if _, there := rooms[asked.Name]; !there {
		a.made++
		rooms[asked.Name] = room{
			Room: asked.Name, Sid: fmt.Sprintf("RM_%012d", a.made), MaxParticipants: asked.MaxParticipants,
			CreationTime: time.Now().Unix(), Metadata: asked.Metadata,
		}
	}
	return http.StatusCreated, rooms[asked.Name]
}

func list(rooms map[string]room, _ *http.Request) (int, any) {
	found := make([]room, 0, len(rooms))
	for _, one := range rooms {
		found = append(found, one)
	}
	slices.SortFunc(found, func(one, other room) int { return strings.Compare(one.Room, other.Room) })
	return http.StatusOK, map[string]any{"rooms": found}
}

func get(rooms map[string]room, request *http.Request) (int, any) {
	one, there := rooms[request.PathValue("name")]
	if !there {
		return problem(http.StatusNotFound, "not_found", "Room not found")
	}
	return http.StatusOK, detail{one, []string{}}
}

func end(rooms map[string]room, request *http.Request) (int, any) {
	delete(rooms, request.PathValue("name"))
	return http.StatusOK, map[string]any{"ended": true}
}

// control says what was asked and what is there (GET), or begins anew with a latency (POST).
func (a *api) control(writer http.ResponseWriter, request *http.Request) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if request.Method == http.MethodPost {
		var asked struct{ Latency float64 }
		if err := json.NewDecoder(request.Body).Decode(&asked); err != nil {
			http.Error(writer, err.Error(), http.StatusBadRequest)
			return
		}
		a.latency = time.Duration(asked.Latency * float64(time.Second))
		a.projects, a.requests = map[string]map[string]room{}, map[string]int{}
	}
	limits := map[string]int{}
	for _, rooms := range a.projects {
		for name, one := range rooms {
			limits[name] = one.MaxParticipants
		}
	}
	send(writer, http.StatusOK, map[string]any{"requests": a.requests, "rooms": limits})
}

func problem(status int, code, message string) (int, any) {
	return status, map[string]any{"error": map[string]string{"type": code, "code": code, "message": message}}
}

func send(writer http.ResponseWriter, status int, answer any) {
	writer.Header().Set("Content-Type", "application/json")
	writer.WriteHeader(status)
	_ = json.NewEncoder(writer).Encode(answer)
}

func main() {
	served := &api{projects: map[string]map[string]room{}, requests: map[string]int{}}
	http.HandleFunc("POST /v1/rooms", served.counted(served.create))
	http.HandleFunc("GET /v1/rooms", served.counted(list))
	http.HandleFunc("GET /v1/rooms/{name}", served.counted(get))
	http.HandleFunc("DELETE /v1/rooms/{name}", served.counted(end))
	http.HandleFunc("/control", served.control)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s/v1\n", listener.Addr())
	log.Fatal(http.Serve(listener, nil))
}
