"""A strict reader of OpenMetrics text (version 1.0.0): the grammar of the specification's section 4.1,
and the rules of its section 5 for names, units, counters and histograms. Whatever is not right raises
Wrong with the line."""
import re

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?[iI]nf(inity)?|[nN]a[nN]")
METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
LABEL_VALUE = re.compile(r'"((?:[^"\\\n]|\\["\\n])*)"')
SUFFIXES = {"counter": ("_total", "_created"), "gauge": ("",), "info": ("_info",),
            "histogram": ("_bucket", "_count", "_sum", "_created"), "unknown": ("",)}


class Wrong(Exception):
    pass


class Family:
    def __init__(self, name):
        self.name, self.type, self.unit, self.help, self.samples = name, None, None, None, []


def unescape(text):
    return re.sub(r'\\(.)', lambda m: {"n": "\n"}.get(m.group(1), m.group(1)), text)


def labels_of(text, line):
    """What stands between the braces -> dict."""
    labels, at = {}, 0
    while at < len(text):
        name = LABEL_NAME.match(text, at)
        if not name or text[name.end():name.end() + 1] != "=":
            raise Wrong("no label: " + line)
        value = LABEL_VALUE.match(text, name.end() + 1)
        if not value:
            raise Wrong("no label value: " + line)
        if name.group() in labels:
            raise Wrong("twice the same label: " + line)
        labels[name.group()] = unescape(value.group(1))
        at = value.end()
        if at < len(text):
            if text[at] != "," or at + 1 == len(text):
                raise Wrong("no comma between labels: " + line)
            at += 1
    return labels


def sample_of(line):
    """-> name, labels, value"""
    name = METRIC_NAME.match(line)
    if not name:
        raise Wrong("no name: " + line)
    at, labels = name.end(), {}
    if line[at:at + 1] == "{":
        end = re.compile(r'(?:[^"}]|' + LABEL_VALUE.pattern + r')*\}').match(line, at + 1)
        if not end:
            raise Wrong("labels without an end: " + line)
        labels, at = labels_of(line[at + 1:end.end() - 1], line), end.end()
    if line[at:at + 1] != " " or not NUMBER.fullmatch(line, at + 1):
        raise Wrong("not one space and a number: " + line)
    return name.group(), labels, float(line[at + 1:])


class Reader:
    def __init__(self, text):
        self.families, self.now = {}, None
        if not text.endswith("\n# EOF\n"):
            raise Wrong("it does not end with # EOF")
        for line in text[:-len("# EOF\n")].split("\n")[:-1]:
            self.read(line)
        for f in self.families.values():
            check_family(f)

    def read(self, line):
        if line.startswith("# "):
            self.read_metadata(line)
        elif not line or line.startswith("#"):
            raise Wrong("neither sample nor metadata: " + repr(line))
        else:
            self.read_sample(line)

    def read_metadata(self, line):
        m = re.fullmatch(r"# (TYPE|UNIT|HELP) (\S+) (.*)", line)
        if not m or not METRIC_NAME.fullmatch(m.group(2)):
            raise Wrong("bad metadata: " + line)
        what, name, text = m.group(1).lower(), m.group(2), m.group(3)
        if not self.now or self.now.name != name:
            if name in self.families:
                raise Wrong("the family comes twice: " + line)
            self.now = self.families[name] = Family(name)
        if self.now.samples or getattr(self.now, what) is not None:
            raise Wrong("metadata twice, or after samples: " + line)
        if what == "type" and text not in SUFFIXES:
            raise Wrong("unknown type: " + line)
        if what == "unit" and not re.fullmatch(r"[a-z_]+", text):
            raise Wrong("bad unit: " + line)
        if what == "help" and re.search(r'\\[^"\\n]', text):
            raise Wrong("bad escape: " + line)
        setattr(self.now, what, text)

    def read_sample(self, line):
        name, labels, value = sample_of(line)
        f = self.now
        if not f or not f.type or not name.startswith(f.name) or \
                name[len(f.name):] not in SUFFIXES[f.type]:
            raise Wrong("not of the family before it: " + line)
        suffix = name[len(f.name):]
        if (suffix, labels) in [(s, l) for s, l, _ in f.samples]:
            raise Wrong("twice the same: " + line)
        f.samples.append((suffix, labels, value))


def check_family(f):
    if not f.help:
        raise Wrong("no help: " + f.name)
    if f.unit and not f.name.endswith("_" + f.unit):
        raise Wrong("the name does not end with its unit: " + f.name)
    if re.search(r"_(total|created|bucket|count|sum|info)$", f.name):
        raise Wrong("a suffix at the family's name: " + f.name)
    if re.search(r"_(seconds|bytes|ratio)$", f.name) and not f.unit:
        raise Wrong("a unit that is not told: " + f.name)
    if f.type in ("counter", "histogram"):
        for suffix, labels, value in f.samples:
            if not 0 <= value < float("inf"):
                raise Wrong(f"no count: {f.name}{suffix} {labels} {value}")
    if f.type == "info" and any(value != 1 for _, _, value in f.samples):
        raise Wrong("an info that is not 1: " + f.name)
    if f.type == "histogram":
        check_histogram(f)
    elif any("le" in labels for _, labels, _ in f.samples):
        raise Wrong("le at what is no histogram: " + f.name)


def check_histogram(f):
    metrics, order = {}, []
    for suffix, labels, value in f.samples:
        key = tuple(sorted((k, v) for k, v in labels.items() if k != "le"))
        if key not in metrics:
            order.append(key)
        elif order[-1] != key:
            raise Wrong(f"not in one piece: {f.name} {key}")
        metrics.setdefault(key, {}).setdefault(suffix, []).append((labels.get("le"), value))
    for key, m in metrics.items():
        buckets = [(float(le), value) for le, value in m.get("_bucket", [])]
        if not buckets or buckets[-1][0] != float("inf"):
            raise Wrong(f"no +Inf: {f.name} {key}")
        if buckets != sorted(set(buckets)) or len({le for le, _ in buckets}) != len(buckets):
            raise Wrong(f"not in order: {f.name} {key}")
        if [v for _, v in buckets] != sorted(v for _, v in buckets):
            raise Wrong(f"not cumulative: {f.name} {key}")
        if len(m.get("_count", [])) != 1 or m["_count"][0][1] != buckets[-1][1]:
            raise Wrong(f"count is not that of +Inf: {f.name} {key}")
        if len(m.get("_sum", [])) != 1:
            raise Wrong(f"no sum: {f.name} {key}")


def read(text):
    """-> {family's name: Family}"""
    return Reader(text).families


def value(families, name, suffix="", **labels):
    """The one sample that has these labels, and maybe others."""
    found = [v for s, l, v in families[name].samples
             if s == suffix and all(l.get(k) == want for k, want in labels.items())]
    if len(found) != 1:
        raise Wrong(f"{len(found)} samples of {name}{suffix} {labels}")
    return found[0]
