package rollout

import (
	"context"

	"github.com/open-feature/go-sdk/openfeature"
)

// Provider answers OpenFeature from a Book. The targeting key is the user; "client" may name the MCP client.
type Provider struct{ book *Book }

var _ openfeature.FeatureProvider = (*Provider)(nil)

// NewProvider returns a provider over b.
func NewProvider(b *Book) *Provider { return &Provider{b} }

// Metadata implements openfeature.FeatureProvider.
func (p *Provider) Metadata() openfeature.Metadata { return openfeature.Metadata{Name: "elderzan"} }

// Hooks implements openfeature.FeatureProvider.
func (p *Provider) Hooks() []openfeature.Hook { return nil }

// BooleanEvaluation implements openfeature.FeatureProvider.
func (p *Provider) BooleanEvaluation(_ context.Context, flag string, byDefault bool, flat openfeature.FlattenedContext) openfeature.BoolResolutionDetail {
	user, _ := flat[openfeature.TargetingKey].(string)
	client, _ := flat["client"].(string)
	e, err := p.book.Explain(flag, User{Name: user, Client: client}, p.book.o.Now())
	if err != nil {
		return openfeature.BoolResolutionDetail{Value: byDefault, ProviderResolutionDetail: missing(flag)}
	}
	variant := "off"
	if e.On {
		variant = "on"
	}
	return openfeature.BoolResolutionDetail{Value: e.On, ProviderResolutionDetail: openfeature.ProviderResolutionDetail{
		Reason: openfeature.Reason(e.Why), Variant: variant, FlagMetadata: openfeature.FlagMetadata{"bucket": e.Bucket, "percent": e.Percent, "group": e.Group},
	}}
}

func missing(flag string) openfeature.ProviderResolutionDetail {
	return openfeature.ProviderResolutionDetail{ResolutionError: openfeature.NewFlagNotFoundResolutionError(flag), Reason: openfeature.ErrorReason}
}

// mismatch answers for the other types: every feature here is on or off.
func (p *Provider) mismatch(flag string) openfeature.ProviderResolutionDetail {
	if _, ok := p.book.features[flag]; !ok {
		return missing(flag)
	}
	return openfeature.ProviderResolutionDetail{ResolutionError: openfeature.NewTypeMismatchResolutionError(flag + " is a boolean"), Reason: openfeature.ErrorReason}
}

// StringEvaluation implements openfeature.FeatureProvider.
func (p *Provider) StringEvaluation(_ context.Context, flag, byDefault string, _ openfeature.FlattenedContext) openfeature.StringResolutionDetail {
	return openfeature.StringResolutionDetail{Value: byDefault, ProviderResolutionDetail: p.mismatch(flag)}
}

// FloatEvaluation implements openfeature.FeatureProvider.
func (p *Provider) FloatEvaluation(_ context.Context, flag string, byDefault float64, _ openfeature.FlattenedContext) openfeature.FloatResolutionDetail {
	return openfeature.FloatResolutionDetail{Value: byDefault, ProviderResolutionDetail: p.mismatch(flag)}
}

// IntEvaluation implements openfeature.FeatureProvider.
func (p *Provider) IntEvaluation(_ context.Context, flag string, byDefault int64, _ openfeature.FlattenedContext) openfeature.IntResolutionDetail {
	return openfeature.IntResolutionDetail{Value: byDefault, ProviderResolutionDetail: p.mismatch(flag)}
}

// ObjectEvaluation implements openfeature.FeatureProvider.
func (p *Provider) ObjectEvaluation(_ context.Context, flag string, byDefault any, _ openfeature.FlattenedContext) openfeature.InterfaceResolutionDetail {
	return openfeature.InterfaceResolutionDetail{Value: byDefault, ProviderResolutionDetail: p.mismatch(flag)}
}
