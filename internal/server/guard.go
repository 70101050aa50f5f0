package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"

	"github.com/ghostcm/ghostcm/internal/webhook"
)

// guard sets the headers that every answer has, and turns a panic into a 500
// with its stack in the log.
func guard(next http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		tracked := &tracker{ResponseWriter: w}
		defer func() {
			if v := recover(); v != nil {
				answerPanic(tracked, log, v)
			}
		}()
		next.ServeHTTP(tracked, r)
	})
}

// thrifty ends connections after their answer while room is scarce, so that idle
// ones cannot keep new ones out.
func thrifty(next http.Handler, scarce func() bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if scarce() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// answerPanic cuts the connection if an answer is already under way: half an
// answer must not look whole.
func answerPanic(w *tracker, log *slog.Logger, v any) {
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(v)
	}
	logPanic(log, v)
	if w.wrote {
		panic(http.ErrAbortHandler)
	}
	webhook.WriteError(w, http.StatusInternalServerError, "internal", "This is a bug in ghostcm. The log has its record: http.panic.")
}

func logPanic(log *slog.Logger, v any) {
	log.Error("http.panic", slog.String("panic", panicText(v)), slog.String("stack", string(debug.Stack())))
}

// panicText leaves out a value that a program chose: it may hold a payload.
func panicText(v any) string {
	if err, ok := v.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("a value of type %T", v)
}

// tracker knows whether an answer has begun.
type tracker struct {
	http.ResponseWriter
	wrote bool
}

func (t *tracker) WriteHeader(status int) {
	t.wrote = true
	t.ResponseWriter.WriteHeader(status)
}

func (t *tracker) Write(b []byte) (int, error) {
	t.wrote = true
	return t.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController: deadlines and flushing.
func (t *tracker) Unwrap() http.ResponseWriter { return t.ResponseWriter }
