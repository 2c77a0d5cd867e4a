"""What was measured, as a table and as a picture."""

import math
import re
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Tuple, Union
from xml.sax.saxutils import escape

from measure import median
from rows import FLOOR, GROWTHS, JAVASCRIPT, NOOB, OFFICIAL, OURS, ROWS, TITLES, Goal, Growth, Row

Stored = Dict[str, Any]
Found = Dict[str, Dict[str, Any]]  # client: metric: a figure for each round
COLUMNS = (OURS, FLOOR, JAVASCRIPT, OFFICIAL, NOOB)
METRICS = {
    "seconds": "",
    "cpu": "CPU",
    "memory": "memory added",
    "peak": "memory in all",
    "threads": "threads",
    "lost": "jobs without a result",
    "exit": "to the end of the process",
}


# --- figures


def figure(found: Found, client: str, metric: str) -> Optional[float]:
    values = [value for value in found.get(client, {}).get(metric, []) if value is not None]
    return median(values) if values else None


def ratio(found: Found, metric: str, against: str) -> Optional[float]:
    """Ours to another's: the median of the ratios of the rounds, since what disturbs a round disturbs both."""
    ours, others = (found.get(client, {}).get(metric, []) for client in (OURS, against))
    ratios = [mine / other for mine, other in zip(ours, others) if mine is not None and other]
    return median(ratios) if ratios else None


def reached(found: Found, goal: Goal) -> Optional[bool]:
    """None if there is nothing to compare with."""
    if figure(found, OURS, goal.metric) is None:
        return False
    value = ratio(found, goal.metric, goal.against) if goal.against else figure(found, OURS, goal.metric)
    return (
        None if value is None else round(value, 3 if goal.metric == "seconds" and not goal.against else 2) <= goal.limit
    )


def missed(stored: Stored) -> List[str]:
    return [row.key for row in ROWS if row.key in stored for goal in row.goals if not ok(stored, row, goal)]


def ok(stored: Stored, row: Row, goal: Goal) -> bool:
    return reached(stored[row.key]["figures"], goal) is not False


def in_words(value: Optional[float], metric: str) -> str:
    if value is None:
        return "–"
    if metric in ("memory", "peak"):
        return "%.1f MB" % value
    if metric in ("threads", "lost"):
        return "%d" % value
    if value >= 1:
        return "%.2f s" % value
    return "%.3g ms" % (value * 1000)


def as_ratio(value: Optional[float]) -> str:
    return "–" if value is None else "%.2f" % value


def goal_in_words(goal: Goal) -> str:
    if goal.against:
        return "≤ %g × %s" % (goal.limit, TITLES[goal.against])
    return "≤ " + in_words(goal.limit, goal.metric)


def lines(row: Union[Row, Growth], found: Found) -> Iterable[str]:
    """For the terminal."""
    if isinstance(row, Growth):
        for client, metrics in found.items():
            for metric, by_size in metrics.items():
                points = ["%s: %s" % (size, in_words(value, metric)) for size, value in by_size.items()]
                yield "%-8s %-8s %s" % (client, metric, "  ".join(points))
        return
    for metric in row.metrics:
        figures = ["%s %s" % (client, in_words(figure(found, client, metric), metric)) for client in row.clients]
        ratios = [
            "/%s %s" % (client, as_ratio(ratio(found, metric, client))) for client in row.clients if client != OURS
        ]
        goals = [goal for goal in row.goals if goal.metric == metric]
        verdicts = ["%s %s" % (goal_in_words(goal), "ok" if reached(found, goal) else "MISSED") for goal in goals]
        yield "%-8s %s | %s | %s" % (metric, "  ".join(figures), "  ".join(ratios), "; ".join(verdicts))


# --- results.md

HEAD = """# Measured side by side

![ratios and growth](results.svg)

`python3 benchmarks/bench.py` installs both official clients and noob-gradio, starts real Gradio 6, 5 and 4 servers,
and lets every client carry out the same tasks in turn, each in a process of its own, for several rounds. A figure is
the median of the rounds; a ratio is the median of the rounds' ratios, since what disturbs a round disturbs all clients.
The floor is bare `http.client` code that sends the same requests, and checks nothing. Memory is the peak, as the system
counts it.

"""


def table(header: List[str], body: List[List[str]]) -> str:
    rows = [header, ["---"] * len(header), *body]
    return "\n".join("| %s |" % " | ".join(cells) for cells in rows) + "\n"


def facts(stored: Stored) -> str:
    if not stored:
        return ""
    runs = sorted({entry["run"] for entry in stored.values()})
    versions = max(stored.values(), key=lambda entry: str(entry["run"]))["versions"]
    text = "; ".join("%s %s" % (name, value) for name, value in versions.items() if name != "machine")
    releases = ", ".join(sorted({row.server.split()[0] for row in ROWS}, reverse=True))
    quick = " Some rows are of a quick run." if any(entry["quick"] for entry in stored.values()) else ""
    whole = "one run" if len(runs) == 1 else "%d runs" % len(runs)
    return "Machine: %s. %s. Gradio %s. From %s, %s.%s\n\n" % (
        versions["machine"], text, releases, whole, " and ".join(runs), quick,
    )  # fmt: skip


def main_table(stored: Stored, notes: Dict[str, str]) -> str:
    body: List[List[str]] = []
    for row in ROWS:
        found = stored.get(row.key, {}).get("figures", {})
        for index, metric in enumerate(row.metrics if found else ()):
            goals = [goal for goal in row.goals if goal.metric == metric]
            verdict = "" if not goals else "yes" if all(ok(stored, row, goal) for goal in goals) else "**no**"
            title = "[%s](#%s)" % (row.title, row.key) if row.key in notes else row.title
            what = METRICS[metric] if index else title
            figures = [in_words(figure(found, client, metric), metric) for client in COLUMNS]
            ratios = [as_ratio(ratio(found, metric, client)) for client in COLUMNS[1:]]
            body.append([what, *figures, *ratios, "; ".join(map(goal_in_words, goals)), verdict])
    titles = [TITLES[client] for client in COLUMNS]
    return table(["what", *titles, *("/ " + title for title in titles[1:]), "goal", "met"], body)


def growth_tables(stored: Stored) -> str:
    text = ""
    for growth in GROWTHS:
        found = stored.get(growth.key, {}).get("figures", {})
        if not found:
            continue
        body = []
        for size in found[OURS]["seconds"]:
            row = [format(int(size), ",")]
            for client in (OURS, FLOOR):
                seconds, memory = (found[client][metric][size] for metric in ("seconds", "memory"))
                row += [
                    in_words(seconds, "seconds"),
                    in_words(seconds / int(size), "seconds"),
                    in_words(memory, "memory"),
                ]
            body.append(row)
        header = [growth.title]
        for client in (OURS, FLOOR):
            header += [TITLES[client], "per " + growth.unit, METRICS["memory"]]
        text += "\n### %s\n\n%s" % (growth.title.capitalize(), table(header, body))
    return text


def notes_of(path: Path) -> Dict[str, str]:
    """The sections of the notes, by the key of their row."""
    parts = re.split(r"(?m)^## +(\S+)\n", path.read_text() if path.exists() else "")
    return {"": parts[0].strip(), **{key: text.strip() for key, text in zip(parts[1::2], parts[2::2])}}


def markdown(stored: Stored, notes_path: Path) -> str:
    notes = notes_of(notes_path)
    text = HEAD + facts(stored) + main_table(stored, notes)
    text += "\n## Where the rest of the time goes\n\n" + notes.pop("") + "\n"
    for row in ROWS:
        if row.key in notes:
            text += "\n### %s\n\n%s\n" % (row.key, notes[row.key])
    text += "\n## Growth\n\n" + notes.get("growth", "") + "\n" + growth_tables(stored)
    return text


# --- results.svg

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.back { fill: #ffffff; } .line { stroke: #d1d9e0; } .head { font-weight: 600; }
.small { font-size: 10px; fill: #59636e; }
.ours { fill: #1a7f37; stroke: #1a7f37; } .javascript { fill: #bf8700; } .official { fill: #cf222e; }
.noob { fill: #8250df; }
.floor { fill: #6e7781; stroke: #6e7781; } .curve { fill: none; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; } .back { fill: #0d1117; } .line { stroke: #3d444d; } .small { fill: #9198a1; }
  .ours { fill: #3fb950; stroke: #3fb950; } .javascript { fill: #d29922; } .official { fill: #f85149; }
  .noob { fill: #a371f7; }
  .floor { fill: #9198a1; stroke: #9198a1; }
}
"""
WIDTH, LABEL, BARS = 900, 370, 500
PANEL_WIDTH, PANEL_HEIGHT = 185, 110


def text_at(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return '<text x="%.1f" y="%.1f" class="%s" text-anchor="%s">%s</text>' % (x, y, kind, anchor, escape(text))


def bars(stored: Stored, top: float) -> Tuple[List[str], float]:
    """Times as multiples of the floor's, on a logarithmic scale."""
    drawn: List[str] = []
    rows = [row for row in ROWS if row.key in stored and OURS in row.clients]
    least, most = 0.5, 100.0
    scale = BARS / math.log(most / least)

    def place(value: float) -> float:
        return LABEL + scale * math.log(min(max(value, least), most) / least)

    bottom = top + 20 + sum(9 * len([client for client in row.clients if client != FLOOR]) + 7 for row in rows)
    for tick in (0.5, 1, 2, 5, 10, 20, 50, 100):
        x = place(tick)
        width = 2 if tick == 1 else 1
        drawn.append('<path d="M%.1f %.1fV%.1f" class="line" stroke-width="%d"/>' % (x, top + 14, bottom, width))
        drawn.append(text_at(x, top + 10, "floor" if tick == 1 else "%g×" % tick, "small", "middle"))
    y = top + 20
    for row in rows:
        found = stored[row.key]["figures"]
        clients = [client for client in COLUMNS if client in row.clients and client != FLOOR]
        drawn.append(text_at(LABEL - 10, y + 4.5 * len(clients) + 4, row.title, "", "end"))
        for client in clients:
            value, floor = figure(found, client, "seconds"), figure(found, FLOOR, "seconds")
            if value is not None and floor:
                times = (ratio(found, "seconds", FLOOR) if client == OURS else None) or value / floor
                start, end = sorted((place(1), place(times)))
                shape = '<rect x="%.1f" y="%.1f" width="%.1f" height="7" class="%s" stroke="none"/>'
                drawn.append(shape % (start, y, max(end - start, 1.5), client))
                drawn.append(text_at(max(end, place(1)) + 4, y + 7, "%.2f" % times, "small"))
            y += 9
        y += 7
    return drawn, bottom


def curve(found: Found, client: str, metric: str, left: float, top: float) -> List[str]:
    """Figure against size, both logarithmic: what is linear rises by the diagonal."""
    points = [(int(size), value) for size, value in found[client][metric].items() if value > 0]
    if not points:
        return []
    every = [(int(size), value) for one in found.values() for size, value in one[metric].items() if value > 0]
    least, most = min(value for _, value in every), max(value for _, value in every)
    low, high = min(size for size, _ in every), max(size for size, _ in every)
    across = PANEL_WIDTH / max(math.log(high / low), 0.1)
    up = PANEL_HEIGHT / max(math.log(most / least), math.log(4))
    places = [
        (left + across * math.log(size / low), top + PANEL_HEIGHT - up * math.log(value / least))
        for size, value in points
    ]
    line = "M" + "L".join("%.1f %.1f" % place for place in places)
    drawn = ['<path d="%s" class="%s curve" style="fill:none"/>' % (line, client)]
    drawn += ['<circle cx="%.1f" cy="%.1f" r="3" class="%s"/>' % (x, y, client) for x, y in places]
    if client == OURS:
        drawn += [
            text_at(place[0], place[1] - 7, in_words(value, metric), "small", anchor)
            for place, (_, value), anchor in ((places[0], points[0], "start"), (places[-1], points[-1], "end"))
        ]
    return drawn


def panels(stored: Stored, top: float) -> Tuple[List[str], float]:
    drawn: List[str] = []
    left = 25.0
    for growth in GROWTHS:
        found = stored.get(growth.key, {}).get("figures", {})
        if found:
            for index, metric in enumerate(("seconds", "memory")):
                y = top + 40 + index * (PANEL_HEIGHT + 45)
                title = "time" if metric == "seconds" else "memory"
                drawn.append(text_at(left, y - 22, "%s: %s" % (growth.title, title), "head"))
                drawn.append(
                    '<path d="M%.1f %.1fv%dh%d" class="line" fill="none"/>' % (left, y, PANEL_HEIGHT, PANEL_WIDTH)
                )
                for client in (FLOOR, OURS):
                    drawn += curve(found, client, metric, left, y)
                sizes = [int(size) for size in found[OURS]["seconds"]]
                drawn.append(text_at(left, y + PANEL_HEIGHT + 12, format(sizes[0], ","), "small"))
                drawn.append(text_at(left + PANEL_WIDTH, y + PANEL_HEIGHT + 12, format(sizes[-1], ","), "small", "end"))
        left += PANEL_WIDTH + 35
    return drawn, top + 40 + 2 * (PANEL_HEIGHT + 45)


def picture(stored: Stored) -> str:
    drawn = [text_at(20, 24, "Time, in multiples of bare http.client's (shorter is better)", "head")]
    x = 420.0
    for client in (OURS, JAVASCRIPT, OFFICIAL, NOOB):
        drawn.append('<rect x="%.1f" y="15" width="10" height="10" class="%s"/>' % (x, client))
        drawn.append(text_at(x + 14, 24, TITLES[client]))
        x += 115
    shapes, bottom = bars(stored, 34)
    drawn += shapes
    drawn.append(
        text_at(20, bottom + 28, "Growth, both axes logarithmic (green: this client, grey: bare http.client)", "head")
    )
    shapes, bottom = panels(stored, bottom + 30)
    drawn += shapes
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d">' % (
        WIDTH,
        bottom,
        WIDTH,
        bottom,
    )
    return "\n".join(
        [
            head,
            "<style>%s</style>" % STYLE,
            '<rect class="back" width="100%" height="100%" rx="6"/>',
            *drawn,
            "</svg>\n",
        ]
    )
