"""Messages of monitors as Slack delivers them, and where their shape is from."""

from __future__ import annotations

from pydantic import JsonValue

Event = dict[str, JsonValue]


def from_app(name: str, **said: JsonValue) -> Event:
    """A `message` event by an app."""
    return {
        "type": "message",
        "subtype": "bot_message",
        "bot_id": "B0MONITOR1",
        "username": name,
        "channel": "C0ALERTS01",
        "channel_type": "channel",
        "ts": "1795000000.000100",
        "text": "",
        **said,
    }


def alertmanager(state: str = "FIRING:1", text: str = "") -> Event:
    """prometheus/alertmanager, template/default.tmpl, `slack.default.*`; the text is empty unless a team writes one."""
    title = f"[{state}] HighErrorRate api (api-prod-eus2-01 production critical)"
    return from_app(
        "Alertmanager",
        attachments=[
            {
                "id": 1,
                "color": "2eb886" if state == "RESOLVED" else "a30200",
                "fallback": f"{title} | https://alertmanager.example/#/alerts",
                "title": title,
                "title_link": "https://alertmanager.example/#/alerts?receiver=slack",
                "text": text,
                "mrkdwn_in": ["fallback", "pretext", "text"],
            }
        ],
    )


def grafana(state: str = "Firing", value: str = "A=1") -> Event:
    """grafana/alerting, receivers/slack/slack_test.go: the expected message of the default template."""
    title = "[FIRING:1]  (disk)" if state == "Firing" else "[RESOLVED]  (disk)"
    return from_app(
        "Grafana",
        attachments=[
            {
                "title": title,
                "title_link": "http://localhost/alerting/list",
                "text": f"**{state}**\n\nValue: {value}\nLabels:\n - alertname = DiskFull\n - severity = critical\n"
                f" - instance = db-prod-usc1-01\nAnnotations:\n - summary = at {value}\nSource: http://localhost/g/view\n"
                "Silence: http://localhost/alerting/silence/new?alertmanager=grafana&amp;matcher=alertname%3DDiskFull\n",
                "fallback": title,
                "footer": "Grafana v11.2.0",
                "footer_icon": "https://grafana.com/static/assets/img/fav32.png",
                "color": "D63232" if state == "Firing" else "36a64f",
            }
        ],
    )


def grafana_legacy(state: str = "[Alerting]") -> Event:
    """grafana/grafana 8, services/alerting/notifiers/slack.go."""
    return from_app(
        "grafana", attachments=[{"title": f"{state} Disk is full", "footer": "Grafana v8.5.0", "fields": []}]
    )


def datadog(state: str = "Triggered", priority: str = "[P1] ") -> Event:
    """docs.datadoghq.com, Monitors → Notifications (states, `[P1]`, the scope behind `on`). Datadog publishes no
    payload: put together from what its messages show."""
    return from_app(
        "Datadog",
        attachments=[
            {
                "title": f"{state}: {priority}CPU is high on host:web-prod-euw1-01",
                "title_link": "https://app.datadoghq.com/monitors/1234567?group=host%3Aweb-prod-euw1-01",
                "text": "CPU is above 90 %.\n\navg(last_5m):avg:system.cpu.user{env:prod} by {host} &gt; 90",
                "fields": [{"title": "Tags", "value": "env:prod, service:web, host:web-prod-euw1-01", "short": False}],
                "color": "2eb886" if state == "Recovered" else "e01e5a",
            }
        ],
    )


def pagerduty(state: str = "Triggered") -> Event:
    """support.pagerduty.com, Slack integration guide (what a notification shows). PagerDuty publishes no payload."""
    return from_app(
        "PagerDuty",
        text="",
        attachments=[
            {
                "color": "danger",
                "blocks": [
                    {
                        "type": "section",
                        "text": {
                            "type": "mrkdwn",
                            "text": f":large_green_circle: *{state}* <https://acme.pagerduty.com/incidents/Q2|#4711>: "
                            "*Checkout is not resolved by DNS*",
                        },
                    },
                    {
                        "type": "section",
                        "fields": [
                            {"type": "mrkdwn", "text": "*Service:*\n<https://acme.pagerduty.com/services/P1|checkout>"},
                            {"type": "mrkdwn", "text": "*Urgency:*\nHigh"},
                            {"type": "mrkdwn", "text": "*Assigned:*\nAda Lovelace"},
                        ],
                    },
                ],
            }
        ],
    )


def amazon_q(state: str = "ALARM") -> Event:
    """AWS Chatbot, now Amazon Q Developer, as an open-source connector's test records it: no text, blocks in an
    attachment."""
    return from_app(
        "Amazon Q",
        attachments=[
            {
                "color": "#FF0000",
                "fallback": "CloudWatch Alarm | ohio-canary01-CPU-High",
                "blocks": [
                    {
                        "type": "section",
                        "text": {
                            "type": "mrkdwn",
                            "text": "*<https://console.aws.amazon.com|:rotating_light: CloudWatch Alarm | "
                            "ohio-canary01-CPU-High | us-east-2>*",
                        },
                    },
                    {
                        "type": "section",
                        "text": {"type": "mrkdwn", "text": "Threshold Crossed: 5 datapoints were high."},
                    },
                    {
                        "type": "actions",
                        "elements": [{"type": "button", "text": {"type": "plain_text", "text": "List"}}],
                    },
                    {
                        "type": "section",
                        "fields": [
                            {"type": "mrkdwn", "text": "*InstanceId*\ni-02fb27bc30c743106"},
                            {"type": "mrkdwn", "text": f"*Alarm State*\n{state}"},
                        ],
                    },
                ],
            }
        ],
    )


def sns_json(state: str = "ALARM") -> Event:
    """The SNS message body of an alarm (AWS's documentation), posted as it is by a bare webhook."""
    return from_app(
        "incoming-webhook",
        text='{"AlarmName": "Example", "AlarmDescription": "Example alarm.", "AWSAccountId": "000000000000", '
        f'"NewStateValue": "{state}", "NewStateReason": "Threshold Crossed: 1.0 &gt; 0.5", "Region": "EU - Ireland", '
        '"OldStateValue": "OK"}',
    )


def notify_slack(state: str = "ALARM") -> Event:
    """terraform-aws-modules/terraform-aws-notify-slack, the usual Lambda between SNS and Slack."""
    fields: list[JsonValue] = [
        {"title": "Alarm Name", "value": "`Example`", "short": True},
        {"title": "Alarm Description", "value": "`Example alarm.`", "short": False},
        {"title": "Old State", "value": "`OK`", "short": True},
        {"title": "Current State", "value": f"`{state}`", "short": True},
    ]
    return from_app("reporter", text="AWS CloudWatch notification - Example", attachments=[{"fields": fields}])


def sentry(state: str = "New") -> Event:
    """getsentry/sentry, integrations/slack/message_builder/issues.py: title, text, state and footer as blocks."""
    return from_app(
        "Sentry",
        text="[checkout] TypeError: undefined is not a function",
        blocks=[
            {
                "type": "section",
                "text": {
                    "type": "mrkdwn",
                    "text": ":red_circle: <https://acme.sentry.io/issues/42/?referrer=slack|"
                    "*TypeError: undefined is not a function*>",
                },
            },
            {"type": "context", "elements": [{"type": "mrkdwn", "text": f"State: *{state}*   First Seen: *now*"}]},
            {
                "type": "context",
                "elements": [
                    {
                        "type": "mrkdwn",
                        "text": "Project: <https://acme.sentry.io/p/|checkout>    Alert: <https://acme.sentry.io/a/|x>"
                        "    Short ID: CHECKOUT-4A",
                    }
                ],
            },
            {"type": "divider"},
        ],
    )


WEBHOOK: dict[str, JsonValue] = {
    # prometheus.io/docs/alerting/latest/configuration/#webhook_config, version 4.
    "version": "4",
    "groupKey": '{}:{alertname="HighErrorRate"}',
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "gavel",
    "groupLabels": {"alertname": "HighErrorRate"},
    "commonLabels": {"alertname": "HighErrorRate", "severity": "critical"},
    "commonAnnotations": {},
    "externalURL": "https://alertmanager.example",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "HighErrorRate", "severity": "critical", "instance": "api-prod-eus2-01"},
            "annotations": {"summary": "5xx above 5 %", "description": "For ten minutes now."},
            "startsAt": "2026-11-26T12:00:00.000Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "https://prometheus.example/graph",
            "fingerprint": "b3a1f0c2d4e5f607",
        },
        {
            "status": "resolved",
            "labels": {"alertname": "HighErrorRate", "severity": "warning", "instance": "api-prod-eus2-02"},
            "annotations": {},
            "startsAt": "2026-11-26T11:00:00.000Z",
            "endsAt": "2026-11-26T12:01:00Z",
            "generatorURL": "https://prometheus.example/graph",
            "fingerprint": "00a1f0c2d4e5f607",
        },
    ],
}
