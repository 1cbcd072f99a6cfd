package api

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/goccy/go-yaml"
)

//go:embed openapi.yaml
var openapiYAML []byte

// document is openapi.yaml as JSON.
func document() ([]byte, error) {
	text, err := yaml.YAMLToJSON(openapiYAML)
	if err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	return text, nil
}

func (a *API) openapi(*call) (any, error) { return json.RawMessage(a.text), nil }
