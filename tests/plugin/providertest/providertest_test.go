// Package providertest runs Pulumi's own harness for the tests of providers on this one.
package providertest

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/pulumi/providertest"
	"github.com/pulumi/providertest/grpclog"
	"github.com/pulumi/providertest/pulumitest"
	"github.com/pulumi/providertest/pulumitest/assertpreview"
	"github.com/pulumi/providertest/pulumitest/assertrefresh"
	"github.com/pulumi/providertest/pulumitest/assertup"
	"github.com/pulumi/providertest/pulumitest/changesummary"
	"github.com/pulumi/providertest/pulumitest/optnewstack"
	"github.com/pulumi/providertest/pulumitest/opttest"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// The folder with pulumi-resource-relay. It is not on PATH, so the harness alone can have led the engine there.
var folder = os.Getenv("PLUGIN_FOLDER")

func TestAttached(t *testing.T) {
	life(t, true, opttest.AttachProviderBinary("relay", folder))
}

func TestLocalPath(t *testing.T) {
	life(t, false, opttest.LocalProviderPath("relay", folder))
}

// TestUpgrade previews the stacks of earlier versions; python -m tests.upgrades.write records them.
func TestUpgrade(t *testing.T) {
	kept, err := os.ReadDir("testdata/recorded/TestProviderUpgrade/program")
	if err != nil || len(kept) == 0 {
		t.Fatalf("no stack is kept: %v", err)
	}
	for _, version := range kept {
		t.Run(version.Name(), func(t *testing.T) {
			test := pulumitest.NewPulumiTest(t, "program", opttest.LocalProviderPath("relay", folder),
				opttest.SkipInstall(), opttest.NewStackOptions(optnewstack.DisableAutoDestroy()),
				opttest.Env("RELAY_BASE_URL", "http://127.0.0.1:1/v1")) // as recorded; nothing is asked of it
			assertpreview.HasNoChanges(t, providertest.PreviewProviderUpgrade(t, test, "relay", version.Name()))
		})
	}
}

func life(t *testing.T, attached bool, provider opttest.Option) {
	test := pulumitest.NewPulumiTest(t, "program", provider,
		// `pulumi install` comes before the harness has named the provider, and would look for a release of it.
		opttest.SkipInstall(),
		// The last step here is a destroy already.
		opttest.NewStackOptions(optnewstack.DisableAutoDestroy()))

	wants(t, test.Preview(t).ChangeSummary, apitype.OpCreate, 3) // with the stack
	if calls := len(test.GrpcLog(t).WhereMethod(grpclog.Attach)); (calls > 0) != attached {
		t.Fatalf("%d calls of Attach", calls)
	}

	api(t, "POST", "/rooms", `{"name": "lobby"}`)
	test.Import(t, "relay:index:Room", "lobby", "lobby", "")

	up := test.Up(t)
	assertup.HasNoReplacements(t, up)
	wants(t, changesummary.FromStringIntMap(*up.Summary.ResourceChanges), apitype.OpCreate, 1)
	live := rooms(t)
	if len(live) != 2 || live["standup"].MaxParticipants != 12 {
		t.Fatalf("live are %v", live)
	}

	assertpreview.HasNoChanges(t, test.Preview(t))
	assertup.HasNoChanges(t, test.Up(t))
	assertrefresh.HasNoChanges(t, test.Refresh(t))
	if now := rooms(t); !maps.Equal(now, live) {
		t.Fatalf("%v became %v", live, now)
	}

	test.WritePulumiYaml(t, strings.Replace(test.ReadPulumiYaml(t), "12", "20", 1))
	wants(t, test.Preview(t).ChangeSummary, apitype.OpReplace, 1)
	wants(t, changesummary.FromStringIntMap(*test.Up(t).Summary.ResourceChanges), apitype.OpReplace, 1)
	if now := rooms(t); now["standup"].MaxParticipants != 20 || now["lobby"] != live["lobby"] {
		t.Fatalf("%v became %v", live, now)
	}

	test.Destroy(t)
	if left := rooms(t); len(left) > 0 {
		t.Fatalf("left are %v", left)
	}
}

func wants(t *testing.T, summary map[apitype.OpType]int, operation apitype.OpType, count int) {
	t.Helper()
	if summary[operation] != count {
		t.Fatalf("%v instead of %d %s", summary, count, operation)
	}
}

type room struct {
	Room, Sid       string
	MaxParticipants int
}

func rooms(t *testing.T) map[string]room {
	t.Helper()
	var answer struct{ Rooms []room }
	if err := json.Unmarshal(api(t, "GET", "/rooms", ""), &answer); err != nil {
		t.Fatal(err)
	}
	found := map[string]room{}
	for _, one := range answer.Rooms {
		found[one.Room] = one
	}
	return found
}

// api calls the Rooms API behind the plugin's back.
func api(t *testing.T, method, path, body string) []byte {
	t.Helper()
	request, err := http.NewRequest(method, os.Getenv("RELAY_BASE_URL")+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("RELAY_API_KEY"))
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 300 {
		t.Fatalf("%s %s: %s %s %v", method, path, answer.Status, text, err)
	}
	return text
}
