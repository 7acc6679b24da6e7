// SPDX-License-Identifier: MIT

// Decisions a CPU second by OPA, its query prepared. usage: peer-opa FOLDER ANSWERS   (of tests/bench/decisions.py)
// Its inputs are parsed beforehand, which ours are not.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

func must[T any](v T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer-opa:", err)
		os.Exit(1)
	}
	return v
}

func cpuSeconds() float64 {
	var u syscall.Rusage
	must(0, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(u.Utime) + seconds(u.Stime)
}

func main() {
	runtime.GOMAXPROCS(1)
	ctx := context.Background()
	folder := os.Args[1]
	policy := string(must(os.ReadFile(filepath.Join(folder, "policy.rego"))))
	query := must(rego.New(rego.Query("data.barmkin.allow"), rego.Module("policy.rego", policy)).PrepareForEval(ctx))
	var requests []any
	must(0, json.Unmarshal(must(os.ReadFile(filepath.Join(folder, "requests.json"))), &requests))
	inputs := make([]ast.Value, len(requests))
	for i, r := range requests {
		inputs[i] = must(ast.InterfaceToValue(r))
	}
	decide := func(in ast.Value) bool { return must(query.Eval(ctx, rego.EvalParsedInput(in))).Allowed() }
	answers := make([]byte, len(inputs))
	for i, in := range inputs {
		answers[i] = 'D'
		if decide(in) {
			answers[i] = 'A'
		}
	}
	must(0, os.WriteFile(os.Args[2], answers, 0o644))
	start, done := cpuSeconds(), 0
	end := start
	for end-start < 1.5 {
		for _, in := range inputs {
			decide(in)
		}
		done += len(inputs)
		end = cpuSeconds()
	}
	fmt.Printf("{\"per_second\":%.0f}\n", float64(done)/(end-start))
}
