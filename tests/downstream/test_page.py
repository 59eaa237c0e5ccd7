from xml.etree import ElementTree

from usg.downstream.page import curves, figure, guesses, html, page, section, table


def test_text_is_escaped():
    assert "<b>" not in html("<b>")
    assert "<i>" not in section("<i>", "<i>")
    assert "<u>" not in table(["<u>"], [["<u>"]])
    assert '<s"' not in guesses({'<s">': 0.5}, '<s">')


def test_page_is_well_formed():
    chart = curves({"a": [(0, 1.0), (1, 0.5)], "b": [(0, 0.2)]}, "step", "loss", levels={"chance": 0.3})
    parts = section(
        "title", figure(chart, "caption"), figure(chart), table(["", "share"], [["x", 0.5], ["y", None]], main=[0])
    )
    text = page("a & b", "lead", {"fact": 1}, [parts])
    body = text[text.index("<body>") : text.index("</body>") + len("</body>")].replace("–", "-")
    tree = ElementTree.fromstring(body.replace("xmlns:xlink", "xlink").replace("xlink:href", "href"))
    ids = [node.attrib["id"] for node in tree.iter() if "id" in node.attrib]
    assert len(ids) == len(set(ids))
    used = {
        value.split("#")[1].rstrip(")")
        for node in tree.iter()
        for value in node.attrib.values()
        if "#" in value and not value.startswith("#") and "url(#" in value
    }
    assert used <= set(ids)
