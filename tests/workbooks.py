"""Excel workbooks from literals, part by part: also such as no tidy program writes."""

import io
import zipfile
from xml.sax.saxutils import escape, quoteattr

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def cell(name, value=None, *, style=0, kind=None, formula=None):
    """The XML of a cell; a text is written in place, a number as it stands."""
    inside = "" if formula is None else f"<f>{escape(formula)}</f>"
    if isinstance(value, str) and kind is None:
        kind, inside = "inlineStr", f"{inside}<is><t>{escape(value)}</t></is>"
    elif value is not None:
        inside += f"<v>{escape(str(value))}</v>"
    attributes = f' r="{name}"' if name else ""
    attributes += (f' s="{style}"' if style else "") + (f' t="{kind}"' if kind else "")
    return f"<c{attributes}>{inside}</c>"


def row(number, *cells, hidden=False):
    """The XML of a row; plain values become cells of the columns A, B, C …"""
    written = [
        one
        if isinstance(one, str) and one.startswith("<c")
        else cell(f"{'ABCDEFGH'[n]}{number}", one)
        for n, one in enumerate(cells)
    ]
    state = ' hidden="1"' if hidden else ""
    return f'<row r="{number}"{state}>{"".join(written)}</row>'


def workbook(
    *rows, formats=(), dimension="", merged=(), shared=(), book="", sheets=("Sheet1",), **parts
):
    """The bytes of a workbook. Style n shows numbers in the n-th of `formats`, counted from 1.

    `parts` replace parts by their names, with __ for / and _ for the last dot.
    """
    extent = f"<dimension ref={quoteattr(dimension)}/>" if dimension else ""
    merges = "".join(f'<mergeCell ref="{one}"/>' for one in merged)
    merges = f"<mergeCells>{merges}</mergeCells>" if merges else ""
    codes = "".join(
        f'<numFmt numFmtId="{200 + n}" formatCode={quoteattr(code)}/>'
        for n, code in enumerate(formats)
    )
    styles = "".join(f'<xf numFmtId="{200 + n}"/>' for n in range(len(formats)))
    tabs = "".join(
        f'<sheet name={quoteattr(name.removeprefix("-"))} sheetId="{n}" r:id="s{n}"'
        f"{' state=' + quoteattr('hidden') if name.startswith('-') else ''}/>"
        for n, name in enumerate(sheets, start=1)
    )
    relations = "".join(
        f'<Relationship Id="s{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    files = {
        "_rels/.rels": (
            f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="b" '
            f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (
            f'<workbook xmlns="{MAIN}" xmlns:r="{_OFFICE}">{book}<sheets>{tabs}</sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{_PACKAGE}">{relations}'
            f'<Relationship Id="t" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
            f'<Relationship Id="y" Type="{_OFFICE}/styles" Target="/xl/styles.xml"/>'
            "</Relationships>"
        ),
        "xl/styles.xml": (
            f'<styleSheet xmlns="{MAIN}"><numFmts>{codes}</numFmts><cellStyleXfs><xf numFmtId="9"/>'
            f'</cellStyleXfs><cellXfs><xf numFmtId="0"/>{styles}</cellXfs></styleSheet>'
        ),
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{"".join(shared)}</sst>',
    }
    for n in range(1, len(sheets) + 1):
        content = "".join(rows) if n == len(sheets) else row(1, "sku") + row(2, "other")
        files[f"xl/worksheets/sheet{n}.xml"] = (
            f'<worksheet xmlns="{MAIN}">{extent}<sheetData>{content}</sheetData>'
            f"{merges}</worksheet>"
        )
    for name, text in parts.items():
        files[name.replace("__", "/").replace("_xml", ".xml")] = text
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            if text is not None:
                archive.writestr(name, text)
    return packed.getvalue()
