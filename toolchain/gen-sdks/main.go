// gen-sdks reads a Pulumi package schema and writes its nodejs, go and python SDKs, one folder each.
//
//	gen-sdks SCHEMA.json OUTPUT-FOLDER
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	gocodegen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

const tool = "relay-provider"

type generator func(*schema.Package) (map[string][]byte, error)

var generators = map[string]generator{
	"nodejs": func(p *schema.Package) (map[string][]byte, error) {
		// A local SDK: `npm install` of its folder compiles it.
		return nodejs.GeneratePackage(tool, p, nil, nil, true, nil)
	},
	"go": func(p *schema.Package) (map[string][]byte, error) {
		return gocodegen.GeneratePackage(tool, p, nil)
	},
	"python": func(p *schema.Package) (map[string][]byte, error) {
		return python.GeneratePackage(tool, p, nil, nil)
	},
}

// bind is called once per language: a generator writes its own information into the package it is given.
func bind(file string) (*schema.Package, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal(raw, &spec); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	pkg, diags, err := schema.BindSpec(spec, schema.NewNullLoader(), schema.ValidationOptions{})
	if err != nil {
		return nil, err
	}
	if diags.HasErrors() {
		return nil, fmt.Errorf("%s: %w", file, diags)
	}
	return pkg, nil
}

// write replaces the folder as a whole, so that a file of an earlier schema does not stay behind.
func write(folder string, files map[string][]byte) error {
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if rel, err := filepath.Rel(folder, path); err != nil || strings.HasPrefix(rel, "..") {
			return fmt.Errorf("%s would be written outside %s", name, folder)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func run(schemaFile, output string) error {
	for _, language := range []string{"nodejs", "go", "python"} {
		pkg, err := bind(schemaFile)
		if err != nil {
			return err
		}
		files, err := generators[language](pkg)
		if err != nil {
			return fmt.Errorf("%s: %w", language, err)
		}
		if err := write(filepath.Join(output, language), files); err != nil {
			return err
		}
		fmt.Printf("%s: %d files\n", filepath.Join(output, language), len(files))
	}
	return nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: gen-sdks SCHEMA.json OUTPUT-FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "gen-sdks:", err)
		os.Exit(1)
	}
}
