package app

import (
	"context"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// telemetry is where metrics and traces go.
type telemetry struct {
	registry *prometheus.Registry
	provider *sdktrace.TracerProvider
}

// newTelemetry sends traces where OTEL_EXPORTER_OTLP_ENDPOINT says, the
// standard name; without it nothing is sampled, and a trace's id still travels
// with an event.
func newTelemetry(ctx context.Context) (*telemetry, error) {
	t := &telemetry{registry: prometheus.NewRegistry()}
	t.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	otel.SetTextMapPropagator(propagation.TraceContext{})
	sampler := sdktrace.NeverSample()
	options := []sdktrace.TracerProviderOption{sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "rapport")))}
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "" {
		exporter, err := otlptracehttp.New(ctx)
		if err != nil {
			return nil, err
		}
		options = append(options, sdktrace.WithBatcher(exporter))
		sampler = sdktrace.AlwaysSample()
	}
	t.provider = sdktrace.NewTracerProvider(append(options, sdktrace.WithSampler(sdktrace.ParentBased(sampler)))...)
	otel.SetTracerProvider(t.provider)
	return t, nil
}

func (t *telemetry) close(ctx context.Context) error { return t.provider.Shutdown(ctx) }
