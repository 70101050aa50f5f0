package ghosttest

import (
	"compress/gzip"
	"io"
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

// unknownRoute blames a client's version if it names one.
func unknownRoute(accepted, version string) *refusal {
	if accepted == "" {
		return &refusal{status: http.StatusNotFound, kind: "NotFoundError", message: "Resource not found"}
	}
	return &refusal{
		status: http.StatusNotAcceptable, kind: "RequestNotAcceptableError", code: "UPDATE_CLIENT",
		message: "Request could not be served, the endpoint was not found.",
		context: "Provided client accept-version " + accepted + " is behind current Ghost version v" + version + ".",
	}
}

func internal() *refusal {
	return &refusal{
		status: http.StatusInternalServerError, kind: "InternalServerError", code: "UNEXPECTED_ERROR",
		message: "Internal server error, cannot edit member.",
	}
}

// about makes it a refusal of another thing than a member.
func (e *refusal) about(noun string) *refusal {
	e.message = strings.Replace(e.message, " member.", " "+noun+".", 1)
	return e
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

// reply writes an answer, compressed if it is long, as Ghost does.
func (s *Server) reply(w http.ResponseWriter, r *http.Request, status int, body any) {
	s.headers(w)
	if body == nil {
		w.WriteHeader(status)
		return
	}
	encoded := typed(w.Header(), body)
	if len(encoded) < gzipFrom || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Length", strconv.Itoa(len(encoded)))
		w.WriteHeader(status)
		_, _ = w.Write(encoded)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	z, ok := s.zips.Get().(*gzip.Writer)
	if !ok {
		return
	}
	defer s.zips.Put(z)
	z.Reset(w)
	_, _ = z.Write(encoded)
	_ = z.Close()
}

// typed writes a body, and says in the header what it is.
func typed(h http.Header, body any) []byte {
	if t, ok := body.(text); ok {
		h.Set("Content-Type", t.contentType)
		h.Set("Content-Disposition", `attachment; filename="`+t.fileName+`"`)
		return t.body
	}
	h.Set("Content-Type", "application/json; charset=utf-8")
	return encode(body)
}

func (s *Server) headers(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Date", s.opts.Now().UTC().Format(http.TimeFormat))
	h.Set("Content-Version", "v"+s.opts.Version)
	h.Set("Cache-Control", "no-cache, private, no-store, must-revalidate, max-stale=0, post-check=0, pre-check=0")
	h.Set("Vary", "Accept-Version, Accept-Encoding")
	h.Set("X-Powered-By", "Express")
}

// newZip makes a writer to compress answers with. A new one costs a megabyte.
func newZip() any {
	z, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	if err != nil {
		return nil
	}
	return z
}

// cutter is an answer whose connection breaks after so many bytes of its body.
type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p[:min(len(p), c.left)])
	if c.left -= n; c.left == 0 || err != nil {
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, nil
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
