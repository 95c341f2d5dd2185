"""What is said of an endpoint that refuses or fails: without its key, and with what to do about it."""

from dataclasses import dataclass, fields, replace
from typing import Any

from weirdgen.endpoints.azure import is_azure
from weirdgen.endpoints.faults import Retryable, Unacceptable
from weirdgen.endpoints.keys import NO_KEY, Secrets, scrub, without_key
from weirdgen.endpoints.listing import Listing
from weirdgen.endpoints.models import Target
from weirdgen.endpoints.wire import Reply
from weirdgen.errors import EndpointError, EndpointRefused, nearest
from weirdgen.schema.text import clean, shown

_LONG_LIST = 300


@dataclass(frozen=True, slots=True, repr=False)
class Words:
    """Speaks of one endpoint. Nothing that it returns holds the key."""

    target: Target
    url: str
    key: str
    secrets: Secrets

    def refusal(self, message: str) -> EndpointRefused:
        """Return an error that says who refused."""
        return EndpointRefused(f"model {self.target.label!r} at {self.url}: {self.scrubbed(message)}")

    def scrubbed(self, text: str) -> str:
        """Return a server's words, short and clean."""
        return scrub(shown(clean(text), 1000), self.secrets)

    def cause(self, error: Exception) -> str:
        """Return what caused an error of the client."""
        cause = error.__cause__ or error
        words = f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__
        return self.scrubbed(words)[:200]

    def explained(self, fault: EndpointError, status: int, listing: Listing | None) -> EndpointError:
        """Return a fault that, if it is final, says what to do about it.

        Args:
            fault: what happened.
            status: of the response.
            listing: of the server, if the model was not found and the server says what it has.
        """
        if isinstance(fault, EndpointRefused):
            refusal = self.refusal(f"{fault}{self._remedy(status, listing)}")
            return Unacceptable(str(refusal)) if isinstance(fault, Unacceptable) else refusal
        if isinstance(fault, Retryable):
            return Retryable(
                self.scrubbed(fault.cause),
                retry_after=fault.retry_after,
                throttled=fault.throttled,
                timed_out=fault.timed_out,
                billed=fault.billed,
            )
        fault.args = (self.scrubbed(str(fault)),)
        return fault

    def without_key(self, reply: Reply) -> Reply:
        """Return a reply without secrets that the server echoed into it."""
        found: dict[str, Any] = {}
        for field in fields(reply):
            text = getattr(reply, field.name)
            if isinstance(text, str) and text and (safe := without_key(text, self.secrets)) != text:
                found[field.name] = safe
        return replace(reply, **found) if found else reply

    def _remedy(self, status: int, listing: Listing | None) -> str:
        variables = " or ".join(self.target.key_env)
        if status == 401:
            without = "no key was sent" if self.key == NO_KEY else "the key was refused"
            return f" ({without}; check the environment variable {variables})" if variables else f" ({without})"
        if status == 403:
            return f" (the key in {variables} may not use this model)" if variables else ""
        return self._nearest_model(listing) if status == 404 else ""

    def _nearest_model(self, listing: Listing | None) -> str:
        if is_azure(self.url):
            return " (at Azure the model is the name of a deployment)"
        if listing is None:
            return " Is the base URL right, with /v1 at its end?"
        known = listing.created
        if self.target.model in known:
            return ""
        hint = nearest(self.target.model, [shown(name, 80) for name in known])
        return hint if len(hint) < _LONG_LIST else f" The server names its {len(known)} models at {self.url}/models."
