"""Who lends in the demo: an invented lender and its team, whom no letter finds.

E-mail goes to example.org, which RFC 2606 keeps for examples; the telephone's area code is none of
Brazil's. No CNPJ is set aside for fiction: this one has right check digits and counts down from 9,
plainly made up at a glance, but not proven to be nobody's. The Pix key is an address at the same
domain, so that nothing can be paid to anybody by chance.
"""

from __future__ import annotations

from collections.abc import Mapping

PAYEE: Mapping[str, object] = {
    "name": "Financeira Exemplo",
    "cnpj": "98.765.432/0001-98",
    "city": "SAO PAULO",
    "pix_key": "pix@example.org",
    "sender": "cobranca@example.org",
    "reply_to": "atendimento@example.org",
    "phone": "+55 10 4000-0000",
    "ombudsman": "ouvidoria@example.org",
    "site": "https://example.org",
}
TEAM: Mapping[str, object] = {
    "summary": ["diretoria@example.org"],
    "operators": ["operacao@example.org"],
    "language": "en",
}
