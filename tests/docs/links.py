# SPDX-License-Identifier: MIT
"""Links of Markdown pages and of the site that `make site` builds."""
import html.parser
import os
import re
import urllib.parse

FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)")
HEAD = re.compile(r"^#+ +(.*)$", re.M)
OUTSIDE = ("http:", "https:", "mailto:")


def anchors(text):
    """The names that GitHub and mkdocs give to headings."""
    found = set()
    for head in HEAD.findall(FENCE.sub("", text)):
        name = re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", head).lower()).strip()
        found.add(name.replace(" ", "-"))
        found.add(re.sub(r"[- ]+", "-", name))
    return found


def of_page(path, root):
    """Texts of what is wrong with the links of one page."""
    with open(path, encoding="utf-8") as fd:
        text = fd.read()
    bad = []
    for link in LINK.findall(FENCE.sub("", text)):
        if link.startswith(OUTSIDE):
            continue
        file, _, anchor = link.partition("#")
        target = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
        name = os.path.relpath(path, root)
        if os.path.relpath(target, root).startswith(".."):
            bad.append(f"{name}: {link} leads out of the tree")
        elif not os.path.exists(target):
            bad.append(f"{name}: {link}: there is no such file")
        elif anchor and target.endswith(".md"):
            with open(target, encoding="utf-8") as fd:
                if anchor not in anchors(fd.read()):
                    bad.append(f"{name}: {link}: there is no such heading")
    return bad


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.names = [], set()

    def handle_starttag(self, tag, attrs):
        for key, value in attrs:
            if key in ("href", "src") and value:
                self.links.append(value)
            elif key in ("id", "name") and value:
                self.names.add(value)


def of_site(folder):
    """(pages, links, [text...]) of a site: each relative link must lead to a file and,
    in a page of the site, to a name that the page has."""
    pages = {}
    for at, _, files in os.walk(folder):
        for f in files:
            if f.endswith(".html"):
                p = Page()
                with open(os.path.join(at, f), encoding="utf-8") as fd:
                    p.feed(fd.read())
                pages[os.path.join(at, f)] = p
    bad, count = [], 0
    for path, page in pages.items():
        if os.path.basename(path) in ("404.html", "search.html"):
            continue  # its links begin at the server's root
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            count += 1
            target = path
            if parts.path:
                target = os.path.normpath(os.path.join(
                    os.path.dirname(path), urllib.parse.unquote(parts.path)))
            if os.path.isdir(target):
                target = os.path.join(target, "index.html")
            name = os.path.relpath(path, folder)
            if not os.path.exists(target):
                bad.append(f"{name}: {link}: there is no such file")
            elif parts.fragment and target in pages and \
                    urllib.parse.unquote(parts.fragment) not in pages[target].names:
                bad.append(f"{name}: {link}: there is no such name")
    return len(pages), count, bad
