"""The words that tell eight kinds of work apart, in several languages. Stems, so that inflected forms match too."""

from __future__ import annotations

import re

TASK_WORDS: dict[str, tuple[str, ...]] = {
    "drift_remediation": (
        r"drift", r"\bgolden\b", r"\bstale\b", r"baseline", r"\bbase[\s-]?images?\b",
        r"(old|stale|outdated|obsolete|wrong|deprecated|previous|different) (\w+ )?(images?|amis?|templates?|builds?)",
        r"out[\s-]of[\s-](date|sync|line) (\w+ )?(images?|amis?|templates?)",
        r"(images?|amis?|templates?) (is|are|that are|which are) (old|stale|outdated|obsolete|wrong|behind|out[\s-]of)",
        r"behind (on )?(the )?(\w+ )?images?", r"re-?imag(e|ing)", r"image (coverage|versions?|compliance)",
        r"(latest|current|newest|approved|right|correct|standard|same) (\w+ )?(image|ami|template)",
        r"non-?compliant images?", r"(fallen|fell|falling|lag\w*) behind", r"\b(out[\s-]of[\s-]date|outdated)\b",
        # German, French, Spanish, Portuguese, Italian, Dutch
        r"abgewichen", r"abweich", r"goldene", r"veraltet", r"basis-?image", r"dériv", r"image de référence",
        r"image dorée", r"obsol[eè]t", r"deriva", r"desvia", r"imagen (dorada|base|de referencia)",
        r"desactualizad",
        r"desvio", r"imagem (dourada|base)", r"desatualizad", r"immagine (dorata|di riferimento)", r"verouderd",
        r"afgeweken",
        # Russian, Japanese, Chinese, Korean, Hindi
        r"дрейф", r"устаре", r"эталонн", r"отклонил", r"ドリフト", r"ゴールデン", r"古いイメージ", r"基準イメージ",
        r"漂移", r"黄金镜像", r"基线", r"旧镜像", r"드리프트", r"골든", r"ड्रिफ्ट", r"गोल्डन",
    ),
    "patch_rollout": (
        r"\bpatch", r"security (updates?|fix(es)?)", r"hotfix",
        r"\b(install|apply|deploy|roll ?out) (\w+ ){0,3}(fix|updates?)",
        r"correctif", r"parche", r"sicherheits-?updates?", r"correç(ão|ões) de segurança",
        r"aggiornamenti di sicurezza",
        r"патч", r"обновлени\w+ безопасности", r"パッチ", r"补丁", r"패치", r"पैच",
    ),
    "compliance_audit": (
        r"(?<!non-)complian(ce|t)\b(?! images?)", r"\baudit", r"\bcis\b", r"soc ?2", r"\bpci\b", r"hipaa",
        r"iso ?27001",
        r"evidence", r"\bcontrols?\b", r"benchmark", r"konformit", r"nachweis", r"conformité", r"cumplimiento",
        r"auditor",
        r"conformidade", r"conformità", r"соответстви", r"аудит", r"コンプライアンス", r"監査", r"合规", r"审计",
        r"감사",
    ),
    "incident_analysis": (
        r"incident", r"outage", r"\b5\d\ds?\b", r"\b5xx", r"latency", r"error ?rate", r"\berrors\b", r"root cause",
        r"\bdown\b", r"crash", r"timeouts?", r"\bslow\b", r"high cpu", r"disk (is )?full", r"unreachable",
        r"\bfailing\b",
        r"error budget", r"\bbroke(n)?\b", r"on fire", r"störung", r"ausfall", r"langsam", r"ursache", r"fehlerrate",
        r"panne", r"lent(e|s)?\b", r"en panne", r"cause de", r"incidente", r"caíd[oa]", r"lent[oa]\b", r"causa raíz",
        r"инцидент", r"сбо[йя]", r"тормоз", r"упал", r"障害", r"遅い", r"原因", r"故障", r"宕机", r"很慢", r"장애",
        r"느려",
    ),
    "dr_readiness": (
        r"fail-?over", r"disaster", r"\bdr\b", r"\brto\b", r"\brpo\b", r"replication", r"recovery", r"\bbackups?\b",
        r"runbook", r"notfall", r"wiederherstell", r"replikation", r"reprise (après|d')", r"sinistre", r"basculement",
        r"recuperación", r"desastre", r"conmutación", r"recuperação", r"ripristino", r"восстановлени", r"аварийн",
        r"репликаци", r"災害", r"フェイルオーバー", r"灾备", r"容灾", r"故障转移", r"재해", r"복구",
    ),
    "cost_optimization": (
        r"\bcosts?\b", r"\bbills?\b", r"billing", r"spend", r"\bsav(e|ings?)\b", r"(?<!error )budget", r"\bidle\b",
        r"oversized", r"rightsiz", r"wast(e|ing)\b", r"cheaper", r"kosten", r"einspar", r"rechnung", r"ausgaben",
        r"coûts?\b", r"dépens", r"économi", r"facture", r"costes?\b", r"gast(o|ar|amos)", r"ahorr", r"factura",
        r"custos?\b", r"economizar", r"costi\b", r"risparmi", r"расход", r"затрат", r"эконом", r"コスト", r"費用",
        r"請求",
        r"成本", r"费用", r"省钱", r"비용", r"लागत",
    ),
    "security_review": (
        r"vulnerab", r"expos(ed|ure)", r"open ports?", r"attack surface", r"pentest", r"affected by", r"\bcves?\b",
        r"blast radius", r"security (review|posture|check|scan)", r"schwachstell", r"angriffsfläche",
        r"sicherheitslage",
        r"vulnérab", r"surface d'attaque", r"exposés?\b", r"vulnerabilidad", r"expuest", r"уязвим", r"脆弱性", r"漏洞",
        r"취약",
    ),
    "image_lifecycle": (
        r"(build|bake|create|make|rebuild) (a |an |the )?(new |fresh )?(\w[\w-]* ){0,3}(images?|amis?|templates?)\b",
        r"promote", r"image (pipeline|build|contract)",
        r"(validate|retire|deprecate|publish|release) (\w[\w-]* ){0,4}(images?|amis?)\b",
        r"(neues|neue) (\w[\w-]* )?image", r"image (bauen|erstellen|freigeben)",
        r"(construi[rs]|créer|promouvoir|valider) .*image",
        r"(construye|crear?|promover|validar?) .*imagen", r"собер\w+ .*образ", r"イメージを(作成|ビルド|昇格)",
        r"(构建|创建|发布|提升).*镜像",
    ),
}  # fmt: skip

FIXES = {
    "security_review": ("patch_rollout",),
    # What broke is asked of the incident, whatever broke it.
    "patch_rollout": ("incident_analysis",),
    "compliance_audit": (),
}
"""Where both kinds' words occur, the second is meant: a vulnerability that is to be patched is no review."""


def task_types_in(text: str) -> list[str]:
    """The kinds of work whose words occur, the likeliest first. `text` in lower case."""
    counted = {kind: sum(1 for word in words if re.search(word, text)) for kind, words in TASK_WORDS.items()}
    found = {kind: count for kind, count in counted.items() if count}
    if _MAKES_AN_IMAGE.search(text):
        return ["image_lifecycle"]
    beaten = {kind for kind, better in FIXES.items() if kind in found and any(other in found for other in better)}
    left = [kind for kind in found if kind not in beaten]
    # Among equals in the order above. Who says drift means it, whatever else is said of it.
    drifts = _SAYS_DRIFT.search(text) is not None
    return sorted(left, key=lambda kind: (not (drifts and kind == "drift_remediation"), -found[kind]))


_SAYS_DRIFT = re.compile(r"drift|dériv|deriva|дрейф|ドリフト|漂移|드리프트|ड्रिफ्ट")
_MAKES_AN_IMAGE = re.compile("|".join(TASK_WORDS["image_lifecycle"]))
