package main

import (
	"errors"
	"net/http"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/aws/smithy-go"
	vault "github.com/hashicorp/vault/api"
	"golang.org/x/oauth2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/elderzan/elderzan/security/keyring/kms/kmswire"
)

// passing are AWS's codes of trouble that passes.
var passing = []string{"KMSInternalException", "DependencyTimeoutException", "KeyUnavailableException", "ThrottlingException", "RequestLimitExceeded", "ServiceUnavailable", "InternalFailure"}

// kindOf tells a KMS that says no from one that cannot be reached: the first calls for a person, the second for patience.
func kindOf(err error) kmswire.Failure {
	var aws smithy.APIError
	var azure *azcore.ResponseError
	var login *azidentity.AuthenticationFailedError
	var transit *vault.ResponseError
	var google *oauth2.RetrieveError
	no := false
	switch {
	case errors.As(err, &aws):
		no = !slices.Contains(passing, aws.ErrorCode())
	case errors.As(err, &azure):
		no = says(azure.StatusCode)
	case errors.As(err, &login):
		no = login.RawResponse != nil && says(login.RawResponse.StatusCode)
	case errors.As(err, &transit):
		no = says(transit.StatusCode)
	case errors.As(err, &google):
		no = google.Response != nil && says(google.Response.StatusCode)
	default:
		no = slices.Contains([]codes.Code{codes.InvalidArgument, codes.NotFound, codes.PermissionDenied, codes.Unauthenticated, codes.FailedPrecondition}, codeOf(err))
	}
	if no {
		return kmswire.Refused
	}
	return kmswire.Unavailable
}

// says reports whether an HTTP status is a no.
func says(code int) bool {
	return code >= 400 && code < 500 && code != http.StatusRequestTimeout && code != http.StatusTooManyRequests
}

// codeOf returns the code of a gRPC error, Unknown for any other.
func codeOf(err error) codes.Code {
	var s interface{ GRPCStatus() *status.Status }
	if errors.As(err, &s) {
		return s.GRPCStatus().Code()
	}
	return codes.Unknown
}
