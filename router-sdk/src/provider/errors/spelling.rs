//! How providers spell each fault: exact codes and phrases of messages, all in lower case.

/// The ways one fault is spelled.
pub(super) struct Spelling {
    /// Whole codes, types or reasons.
    pub(super) codes: &'static [&'static str],
    /// Parts of messages.
    pub(super) phrases: &'static [&'static str],
}

impl Spelling {
    /// Whether any of the codes or the message spells this fault.
    pub(super) fn fits(&self, codes: &[String], message: &str) -> bool {
        codes.iter().any(|code| self.codes.contains(&code.as_str())) || self.told_by(message)
    }

    /// Whether the message alone spells it.
    pub(super) fn told_by(&self, message: &str) -> bool {
        self.phrases.iter().any(|phrase| message.contains(phrase))
    }
}

pub(super) const AUTH: Spelling = Spelling {
    codes: &[
        "invalid_api_key",
        "api_key_invalid",
        "authentication_error",
        "invalid_authentication_error",
        "incorrect_api_key",
        "unauthenticated",
        "unauthorized",
        "permission_denied",
        "account_deactivated",
        "unrecognizedclientexception",
        "expiredtokenexception",
        "expiredtoken",
        "invalidsignatureexception",
        "accessdeniedexception",
        "missingauthenticationtoken",
    ],
    phrases: &[
        "incorrect api key",
        "invalid api key",
        "invalid api-key",
        "invalid x-api-key",
        "api key not valid",
        "api key is invalid",
        "api key expired",
        "no api key",
        "missing api key",
        "api key is missing",
        "authentication fails",
        "no auth credentials",
        "security token included",
        "authentication token",
        "invalid subscription key",
    ],
};

pub(super) const QUOTA: Spelling = Spelling {
    codes: &[
        "insufficient_quota",
        "credit_balance_exhausted",
        "billing_error",
        "billing_not_active",
        "billing_hard_limit_reached",
        "insufficient_balance",
        "insufficient_credits",
        "exceeded_current_quota_error",
        "arrearage",
        "servicequotaexceededexception",
        "billing_disabled",
        "token_quota_reached",
        "allocationquota.freetieronly",
    ],
    phrases: &[
        "credit balance is too low",
        "insufficient balance",
        "insufficient credit",
        "insufficient funds",
        "requires more credits",
        "out of credits",
        "billing hard limit",
        "account is not active, please check your billing",
        "spending limit",
        "spend limit",
        "specified api usage limits",
        "doesn't have any credits",
        "used all available credits",
        "free tier of the model has been exhausted",
    ],
};

pub(super) const TOO_LARGE: Spelling = Spelling {
    codes: &["request_too_large", "requesttoolarge"],
    phrases: &["request too large", "request is too large", "request entity too large", "payload too large"],
};

pub(super) const RATE: Spelling = Spelling {
    codes: &[
        "rate_limit_exceeded",
        "rate_limit_error",
        "rate_limited",
        "ratelimitexceeded",
        "rate_limit_reached",
        "rate_limit_reached_error",
        "too_many_requests",
        "too_many_requests_error",
        "throttlingexception",
        "throttling",
        "resource_exhausted",
        "request_limit_exceeded",
        "throttling.ratequota",
        "slow_down",
    ],
    phrases: &["rate limit", "rate-limit", "too many requests", "throttled"],
};

pub(super) const OVERLOADED: Spelling = Spelling {
    codes: &[
        "overloaded_error",
        "overloaded",
        "server_is_overloaded",
        "engine_overloaded",
        "engine_overloaded_error",
        "server_overloaded",
        "unavailable",
        "unavailable_error",
        "service_unavailable",
        "serviceunavailable",
        "serviceunavailableexception",
        "modelnotreadyexception",
        "capacity_exceeded",
        "insufficient_system_resource",
        "no_capacity",
        "nocapacity",
        "service_tier_capacity_exceeded",
    ],
    phrases: &["overloaded", "at capacity", "over capacity", "capacity exceeded", "temporarily unavailable"],
};

pub(super) const CONTEXT: Spelling = Spelling {
    codes: &[
        "context_length_exceeded",
        "exceed_context_size_error",
        "too_many_prompt_tokens",
        "too_many_tokens",
        "model_context_window_exceeded",
        "context_window_exceeded",
        "max_context_length_exceeded",
    ],
    phrases: &[
        "prompt is too long",
        "prompt too long",
        "input is too long",
        "input tokens exceeded",
        "maximum context length",
        "max context length",
        "maximum context size",
        "context length exceeded",
        "exceeds the context length",
        "exceed the context length",
        "exceeds context length",
        "too many tokens:",
        "longer than the model's context length",
        "`inputs` tokens + `max_new_tokens` must be",
        "exceeds the context window",
        "exceeds the model's context",
        "exceeds model context",
        "available context size",
        "context window",
        "exceeds the maximum number of tokens allowed",
        "maximum prompt length",
        "maximum input length",
        "range of input length should be",
        "exceeded model token limit",
        "reduce the length of the messages",
        "is too large to process",
    ],
};

pub(super) const CONTENT: Spelling = Spelling {
    codes: &[
        "content_filter",
        "content_filtered",
        "content_policy_violation",
        "responsibleaipolicyviolation",
        "moderation",
        "moderation_blocked",
        "moderation_error",
        "invalid_prompt",
        "data_inspection_failed",
        "datainspectionfailed",
        "safety_error",
        "content_moderation_error",
    ],
    phrases: &[
        "content management policy",
        "content policy",
        "usage policies",
        "usage guidelines",
        "content exists risk",
        "inappropriate content",
        "was flagged",
        "requires moderation",
        "safety system",
        "blocked by content filter",
    ],
};

pub(super) const MODEL_FAULT: Spelling = Spelling {
    codes: &[
        "tool_use_failed",
        "failed_generation",
        "json_validate_failed",
        "output_parse_failed",
        "malformed_function_call",
        "malformed_model_output",
        "malformed_tool_use",
    ],
    phrases: &[
        "failed to call a function",
        "model did not call a tool",
        "failed to generate json",
        "failed to validate json",
        "parse tool call",
        "parsing tool call",
    ],
};

pub(super) const MODEL_MISSING: Spelling = Spelling {
    codes: &[
        "model_not_found",
        "model_not_found_error",
        "modelnotfound",
        "deploymentnotfound",
        "invalid_model",
        "model_not_supported",
        "model_decommissioned",
        "model_not_available",
        "resourcenotfoundexception",
        "1500",
    ],
    phrases: &[
        "not a valid model",
        "invalid model",
        "unknown model",
        "model not found",
        "is not found for api version",
        "model not exist",
        "no such model",
        "model identifier is invalid",
        "on-demand throughput",
        "supported api model names",
        "requested model is not supported",
        "access to the model",
        "have access to model",
        "has been decommissioned",
        "reached the end of its life",
        "no endpoints found for",
        "not a chat model",
    ],
};

pub(super) const UNSUPPORTED: Spelling = Spelling {
    codes: &[
        "unsupported_parameter",
        "unsupported_value",
        "unsupported_file",
        "unsupported_content_type",
        "unknown_parameter",
        "not_supported_error",
        "unsupported_api_for_model",
        "unimplemented",
        "operationnotsupported",
    ],
    phrases: &[
        "not supported",
        "not support ",
        "does not support",
        "doesn't support",
        "do not support",
        "unsupported",
        "no endpoints found that support",
        "extra fields not permitted",
        "extra inputs are not permitted",
        "unrecognized request argument",
        "unknown parameter",
        "unknown variant",
        "unknown name",
        "is not permitted",
        "not enabled for this model",
        "requires --jinja",
    ],
};

pub(super) const SERVER: Spelling = Spelling {
    codes: &[
        "server_error",
        "api_error",
        "internal_error",
        "internal_server_error",
        "internal",
        "internalserverexception",
        "modelerrorexception",
        "modelstreamerrorexception",
        "modeltimeoutexception",
        "timeout_error",
        "timeout",
        "deadline_exceeded",
        "upstream_error",
        "provider_error",
        "bad_gateway",
    ],
    phrases: &[],
};

/// Types that say that the request is at fault, without saying of what.
pub(super) const CALLER: Spelling = Spelling {
    codes: &[
        "invalid_request_error",
        "invalid_request",
        "invalid_argument",
        "validationexception",
        "bad_request",
        "bad_request_error",
        "failed_precondition",
        "unprocessable_entity",
    ],
    phrases: &[],
};

/// What a local server says when it really is at fault with a 500.
pub(super) const LOCAL_FAULT: Spelling = Spelling {
    codes: &[],
    phrases: &[
        "loading",
        "terminated",
        "crash",
        "out of memory",
        "system memory",
        "cuda",
        "metal",
        "timed out",
        "timeout",
        "busy",
        "internal",
        "connection",
        "exited",
        "no slot",
    ],
};
