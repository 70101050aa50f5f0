package ghost

import (
	"context"
	"encoding/json"
)

// page is an answer with members: one page of them, or a single one.
type page struct {
	Members []memberJSON `json:"members"`
	Meta    meta         `json:"meta"`
}

type meta struct {
	Pagination struct {
		Limit int `json:"limit"`
	} `json:"pagination"`
}

// members makes a call that answers with members.
func (c *Client) members(ctx context.Context, call call) (page, error) {
	body, err := c.get(ctx, call)
	if err != nil {
		return page{}, err
	}
	p, ok := decodePage(body)
	if !ok {
		return page{}, call.unreadable(errNotJSON)
	}
	return p, nil
}

// decodePage reads all members at once, and one by one only if that fails, so
// that one bad record does not take the 99 others with it; ok is false if the
// answer has no list of members.
func decodePage(body []byte) (p page, ok bool) {
	if json.Unmarshal(body, &p) == nil {
		return p, p.Members != nil
	}
	var records struct {
		Members []json.RawMessage `json:"members"`
		Meta    meta              `json:"meta"`
	}
	if json.Unmarshal(body, &records) != nil || records.Members == nil {
		return page{}, false
	}
	p = page{Members: make([]memberJSON, len(records.Members)), Meta: records.Meta}
	for i, raw := range records.Members {
		m, err := decodeMember(raw)
		if err != nil {
			m = memberJSON{ID: idOf(raw), broken: true}
		}
		p.Members[i] = m
	}
	return p, true
}

// idOf finds the id of a record that cannot be read, "" if it has none.
func idOf(raw []byte) string {
	var only struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(raw, &only) != nil {
		return ""
	}
	return only.ID
}
