package ghosttest

import (
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// gzipFrom is the size of a body from which Ghost compresses it.
const gzipFrom = 1024

// refusal is an error in Ghost's form.
type refusal struct {
	status                     int
	kind, code                 string
	message, context, property string
}

func noPermission(message, context string) *refusal {
	return &refusal{status: http.StatusForbidden, kind: "NoPermissionError", message: message, context: context}
}

func unauthorized(code, message string) *refusal {
	return &refusal{status: http.StatusUnauthorized, kind: "UnauthorizedError", code: code, message: message}
}

func badToken(code, message string) *refusal {
	return &refusal{status: http.StatusBadRequest, kind: "BadRequestError", code: code, message: message}
}

func badRequest(verb, context string) *refusal {
	return &refusal{
		status: http.StatusBadRequest, kind: "BadRequestError",
		message: "Request not understood error, cannot " + verb + " member.", context: context,
	}
}

func invalid(verb, context, property string) *refusal {
	return &refusal{
		status: http.StatusUnprocessableEntity, kind: "ValidationError",
		message: "Validation error, cannot " + verb + " member.", context: context, property: property,
	}
}

func notFound(verb, context string) *refusal {
	return &refusal{
		status: http.StatusNotFound, kind: "NotFoundError",
		message: "Resource not found error, cannot " + verb + " member.", context: context,
	}
}

func notAcceptable() *refusal {
	return &refusal{
		status: http.StatusNotAcceptable, kind: "RequestNotAcceptableError", code: "UPDATE_CLIENT",
		message: "Request could not be served, the endpoint was not found.",
	}
}

func internal() *refusal {
	return &refusal{
		status: http.StatusInternalServerError, kind: "InternalServerError", code: "UNEXPECTED_ERROR",
		message: "Internal server error, cannot edit member.",
	}
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, e *refusal) {
	s.mu.Lock()
	id := s.site.ids.uuid()
	s.mu.Unlock()
	s.reply(w, r, e.status, object{{"errors", []object{{
		{"message", e.message}, {"context", textOrNull(e.context)}, {"type", e.kind}, {"details", nil},
		{"property", textOrNull(e.property)}, {"help", nil}, {"code", textOrNull(e.code)}, {"id", id},
		{"ghostErrorCode", nil},
	}}}})
}

// reply writes a JSON answer, compressed if it is long, as Ghost does.
func (s *Server) reply(w http.ResponseWriter, r *http.Request, status int, body any) {
	s.headers(w)
	if body == nil {
		w.WriteHeader(status)
		return
	}
	encoded := encode(body)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if len(encoded) < gzipFrom || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Length", strconv.Itoa(len(encoded)))
		w.WriteHeader(status)
		_, _ = w.Write(encoded)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return
	}
	_, _ = z.Write(encoded)
	_ = z.Close()
}

func (s *Server) headers(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Date", s.opts.Now().UTC().Format(http.TimeFormat))
	h.Set("Content-Version", "v"+s.opts.Version)
	h.Set("Cache-Control", "no-cache, private, no-store, must-revalidate, max-stale=0, post-check=0, pre-check=0")
	h.Set("Vary", "Accept-Version, Accept-Encoding")
	h.Set("X-Powered-By", "Express")
}

// fail makes a request go wrong.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, f Fault) {
	if f.Status == 0 {
		panic(http.ErrAbortHandler)
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.RetryAfter/time.Second)))
	}
	if f.Body == "" {
		s.refuse(w, r, &refusal{status: f.Status, kind: "InternalServerError", message: "An unexpected error occurred"})
		return
	}
	w.WriteHeader(f.Status)
	_, _ = w.Write([]byte(f.Body))
}
