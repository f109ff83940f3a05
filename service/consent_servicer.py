"""`sitter.v1.ConsentService`: protobuf in, flows, protobuf out. No decision is taken here."""

import json
from typing import Any

import grpc

from safety.consent_pdf import receipt_pdf
from service import consents
from service.app import App
from service.interceptor import current_call
from service.paging import page
from service.pb.sitter.v1 import consent_pb2, consent_pb2_grpc
from service.translate import consent_out, moment, scope_in, use_out


class ConsentServicer(consent_pb2_grpc.ConsentServiceServicer):  # type: ignore[misc]  # no types there
    def __init__(self, app: App) -> None:
        self._app = app

    def GrantConsent(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        call = current_call()
        consent, index = consents.grant(
            self._app, request.identity_id, self._scope(request.scope),
            evidence=request.evidence, notice=request.notice, caller=call.caller, trace_id=call.trace_id,
        )  # fmt: skip
        return consent_pb2.GrantConsentResponse(consent=self._out(consent), log_index=index)

    def AmendConsent(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        call = current_call()
        consent, index = consents.amend(
            self._app, request.consent_id, request.version, self._scope(request.scope),
            evidence=request.evidence, notice=request.notice, caller=call.caller, trace_id=call.trace_id,
        )  # fmt: skip
        return consent_pb2.AmendConsentResponse(consent=self._out(consent), log_index=index)

    def RenewConsent(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        call = current_call()
        consent, index = consents.renew(
            self._app, request.consent_id, request.version, moment(request.not_after),
            evidence=request.evidence, notice=request.notice, caller=call.caller, trace_id=call.trace_id,
        )  # fmt: skip
        return consent_pb2.RenewConsentResponse(consent=self._out(consent), log_index=index)

    def WithdrawConsent(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        call = current_call()
        consent, index = consents.withdraw(self._app, request.consent_id, call.caller, call.trace_id)
        return consent_pb2.WithdrawConsentResponse(consent=self._out(consent), log_index=index)

    def GetConsent(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        consent = consents.get(self._app, request.consent_id, current_call().caller)
        return consent_pb2.GetConsentResponse(consent=self._out(consent))

    def ListConsents(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        found = consents.everything(self._app, request.identity_id or None, current_call().caller)
        shown, following = page(found, request)
        return consent_pb2.ListConsentsResponse(consents=map(self._out, shown), next_page_token=following)

    def GetConsentReceipt(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        receipt, versions = consents.receipt(
            self._app, request.consent_id, request.version, current_call().caller
        )
        return consent_pb2.GetConsentReceiptResponse(
            receipt_json=json.dumps(receipt, sort_keys=True, ensure_ascii=False),
            pdf=receipt_pdf(receipt) if request.pdf else b"",
            public_key=self._app.consents.signer.public_key,
            versions=versions,
        )

    def ListUses(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        found = consents.uses(self._app, request.identity_id, current_call().caller)
        shown, following = page(found, request)
        return consent_pb2.ListUsesResponse(uses=map(use_out, shown), next_page_token=following)

    def _scope(self, scope: Any) -> Any:
        return scope_in(scope, self._app.moderation.commitment)

    def _out(self, consent: Any) -> consent_pb2.Consent:
        return consent_out(consent, self._app.clock())
