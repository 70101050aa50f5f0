package cmtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// reply is an answer of the API.
type reply struct {
	status int
	body   any    // JSON; nil is an empty body
	html   string // instead of body
	header map[string]int
	cut    bool // the connection is reset instead
	silent bool // there is none until the client gives up
}

type refusal struct {
	Code       int
	Message    string
	ResultData any `json:",omitempty"`
}

func ok(body any) reply      { return reply{status: http.StatusOK, body: body} }
func created(body any) reply { return reply{status: http.StatusCreated, body: body} }
func done() reply            { return reply{status: http.StatusOK} }

func refuse(status, code int, message string) reply {
	return reply{status: status, body: refusal{Code: code, Message: message}}
}

// bad is the usual refusal: HTTP 400 with a code.
func bad(code int, message string) reply { return refuse(http.StatusBadRequest, code, message) }

func notFound() reply {
	return refuse(http.StatusNotFound, 404, "We couldn't find the resource you're looking for.")
}

func undecodable(field string) reply {
	return bad(400, "Failed to deserialize your request. Please check the documentation and try again. Fields in error: "+field)
}

// html is what a proxy in front of the API says.
func html(status int) reply {
	return reply{status: status, html: fmt.Sprintf("<html><body><h1>%d %s</h1></body></html>", status, http.StatusText(status))}
}

func (r reply) code() int {
	if f, is := r.body.(refusal); is {
		return f.Code
	}
	return 0
}

func (r reply) write(w http.ResponseWriter) {
	for name, value := range r.header {
		w.Header().Set(name, strconv.Itoa(value))
	}
	if r.html != "" {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(r.status)
		_, _ = w.Write([]byte(r.html))
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(r.status)
	if r.body == nil {
		return
	}
	b, err := json.Marshal(r.body)
	if err != nil {
		panic(err) // bodies are this package's own types
	}
	_, _ = w.Write(b)
}
