"""The drawings behind the `icon` and `status` tags: one 20 × 20 outline each, drawn in the colour of the text."""

from __future__ import annotations

# Outlines, on a grid of 20 with a line of 1.5. Not a font: a font shows its words until it has loaded.
ICONS: dict[str, str] = {
    "logo": '<path d="M3 3.2h14M10 3.2v7.6" stroke-width="2"/><path d="M6.4 10.6h7.2L10 18z" fill="currentColor"/>',
    "week": (
        '<rect x="3" y="4" width="14" height="13" rx="2"/><path d="M3 8h14M7 2.5V5M13 2.5V5M7.4 12.3l1.9 1.9 3.5-3.6"/>'
    ),
    "calendar": '<rect x="3" y="4" width="14" height="13" rx="2"/><path d="M3 8h14M7 2.5V5M13 2.5V5"/>',
    "roadmap": '<rect x="3" y="3" width="14" height="14" rx="2"/><path d="M6 7h5M8.5 10H14M6 13h4"/>',
    "commitments": '<circle cx="10" cy="10" r="7"/><circle cx="10" cy="10" r="3.8"/><circle cx="10" cy="10" r=".8"/>',
    "checkin": (
        '<path d="M7 4H5a1.5 1.5 0 0 0-1.5 1.5v10A1.5 1.5 0 0 0 5 17h10a1.5 1.5 0 0 0 1.5-1.5v-10A1.5 1.5 0 0 0 15 '
        '4h-2"/><rect x="7" y="2.5" width="6" height="3" rx="1"/><path d="m7 11.2 2.2 2.2L13.2 9"/>'
    ),
    "metrics": '<path d="M2.5 10.5h3l2.3-6 4.2 11.5 2.3-5.5h3.2"/>',
    "risks": '<path d="M10 3v14M6 17h8M4 5.5h12M4 5.5 1.8 11h4.4zM16 5.5 13.8 11h4.4z"/>',
    "scorecard": (
        '<path d="m3 13.5 10.5-10.5 3.5 3.5L6.5 17zM6 10.5l1.700 1.700M8.500 8l2.300 2.300M11 5.500l1.700 1.700"/>'
    ),
    "money": '<path d="M3 5.500h14v9H3zM3 8.500h14M6 12h3"/><circle cx="14" cy="12" r=".8"/>',
    "teams": (
        '<circle cx="7.5" cy="7" r="2.7"/><path d="M2.5 16.5c.3-3.2 2.3-4.7 5-4.7s4.7 1.5 5 4.7M12.6 4.6a2.6 2.6 0 '
        '0 1 .2 4.9M14.5 12.2c1.9.5 2.9 2 3.1 4.3"/>'
    ),
    "sources": (
        '<path d="m4.2 15.8-2 2M12.5 4.5l-2.7 2.7M15.5 7.5l-2.7 2.7M5.6 9l5.4 5.4-1.6 1.6a3.7 3.7 0 0 1-5.3 0 3.7 '
        '3.7 0 0 1 0-5.3zM8.3 6.3l5.4 5.4"/><path d="m15.8 2 .1 2.3 2.3.1"/>'
    ),
    "person": '<circle cx="10" cy="6.8" r="3.2"/><path d="M3.8 17c.4-3.7 2.8-5.4 6.2-5.4s5.8 1.7 6.2 5.4"/>',
    "search": '<circle cx="9" cy="9" r="5.5"/><path d="m13.2 13.2 4 4"/>',
    "menu": '<path d="M3 5.5h14M3 10h14M3 14.5h14"/>',
    "close": '<path d="m5 5 10 10M15 5 5 15"/>',
    "left": '<path d="m12 5-5 5 5 5"/>',
    "right": '<path d="m8 5 5 5-5 5"/>',
    "down": '<path d="m5 8 5 5 5-5"/>',
    "up": '<path d="m5 12 5-5 5 5"/>',
    "plus": '<path d="M10 4v12M4 10h12"/>',
    "more": '<path d="M4.5 10h.01M10 10h.01M15.5 10h.01" stroke-width="2.2"/>',
    "check": '<path d="m4 10.5 4 4 8-9"/>',
    "download": '<path d="M10 3v9.5M6 9l4 4 4-4M3.5 14v2.5h13V14"/>',
    "refresh": (
        '<path d="M16.5 8.5A6.8 6.8 0 0 0 4.3 6.7L3 8.5M3 4.3v4.2h4.2M3.5 11.5a6.8 6.8 0 0 0 12.2 1.8l1.3-1.8M17 '
        '15.7v-4.2h-4.2"/>'
    ),
    "history": '<path d="M3.2 8A7 7 0 1 1 3 11M3.2 3.8V8h4.2M10 6.2V10l2.8 1.8"/>',
    "clock": '<circle cx="10" cy="10" r="7"/><path d="M10 6v4l2.8 1.8"/>',
    "sun": (
        '<circle cx="10" cy="10" r="3.4"/><path d="M10 2.2v1.6M10 16.2v1.6M2.2 10h1.6M16.2 10h1.6M4.5 4.5l1.1 '
        '1.1M14.4 14.4l1.1 1.1M15.5 4.5l-1.1 1.1M5.6 14.4l-1.1 1.1"/>'
    ),
    "moon": '<path d="M16.5 12.2A7 7 0 0 1 7.8 3.5a7 7 0 1 0 8.7 8.7z"/>',
    "auto": '<circle cx="10" cy="10" r="6.8"/><path d="M10 3.2a6.8 6.8 0 0 1 0 13.6z" fill="currentColor"/>',
    "leave": '<path d="M8 3.5H5A1.5 1.5 0 0 0 3.5 5v10A1.5 1.5 0 0 0 5 16.5h3M12.5 6.5 16 10l-3.5 3.5M16 10H8"/>',
    "key": '<circle cx="6.8" cy="10" r="3.3"/><path d="M10.1 10h7.2v3M14.2 10v2.3"/>',
    "keyboard": (
        '<rect x="2.2" y="5" width="15.6" height="10" rx="1.8"/>'
        '<path d="M5.3 8.3h.01M8.4 8.3h.01M11.6 8.3h.01M14.7 8.3h.01M6.5 11.8h7"/>'
    ),
    "edit": '<path d="m4 13.2-.6 3.4 3.4-.6L16.6 6.2l-2.8-2.8zM12 5.2 14.8 8"/>',
    "link": (
        '<path d="M8.5 11.5a3 3 0 0 0 4.3 0l3-3a3 3 0 0 0-4.3-4.3l-1 1M11.5 8.5a3 3 0 0 0-4.3 0l-3 3a3 3 0 0 0 4.3 '
        '4.3l1-1"/>'
    ),
    "external": '<path d="M11.5 3.5h5v5M16.5 3.5 9 11M14.5 11.5v4a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1h4"/>',
    "pause": '<path d="M7 4.5v11M13 4.5v11"/>',
    "play": '<path d="M6.5 4v12l9-6z"/>',
    "slip": '<path d="m2.8 14.5 4.7-5 3.3 3 6-7.5M12.8 5h4v4"/>',
    "dependency": (
        '<circle cx="5" cy="4.5" r="1.7"/><circle cx="5" cy="15.5" r="1.7"/><circle cx="15" cy="15.5" r="1.7"/>'
        '<path d="M5 6.2v7.6M15 13.8V8a3 3 0 0 0-3-3H9.5M11.5 2.8 9.3 5l2.2 2.2"/>'
    ),
    "shield": (
        '<path d="M10 2.5 4 4.7v4.6c0 4 2.5 6.6 6 8.2 3.5-1.6 6-4.2 6-8.2V4.7z"/><path d="m7.4 9.8 1.9 1.9 3.4-3.6"/>'
    ),
    "gavel": '<path d="m9 4 5 5M6.5 6.5l5 5M8.3 8.8 9.9 3.7M6 9l5.5-5.5M9.5 12.5 15 7M9.6 10.4l-6 6M11.5 17h6"/>',
    "deploy": '<path d="M10 16.5v-10M6 10l4-4 4 4M3.5 3h13"/>',
    "incident": '<path d="M10 3 2.5 16.5h15zM10 8v4M10 14.3h.01"/>',
    "folder": (
        '<path d="M2.8 6a1.5 1.5 0 0 1 1.5-1.5h3.5l2 2.3h6a1.5 1.5 0 0 1 1.5 1.5v6.2a1.5 1.5 0 0 1-1.5 1.5H4.3a1.5 '
        '1.5 0 0 1-1.5-1.5z"/>'
    ),
    "report": '<path d="M5 2.8h7l3.5 3.5v10.9H5zM12 2.8v3.5h3.5M7.5 10h5M7.5 13h5"/>',
    "info": '<circle cx="10" cy="10" r="7"/><path d="M10 9.2v4.3M10 6.5h.01"/>',
    "filter": '<path d="M3 5h14M5.5 10h9M8 15h4"/>',
}

# Shapes of a status, on a grid of 10: they stay apart without their colour.
SHAPES: dict[str, str] = {
    "ok": '<circle cx="5" cy="5" r="3.750"/>',
    "risk": '<path d="M5 .9 9.6 9H.4z"/>',
    "late": '<path d="M5 .3 9.7 5 5 9.7.3 5z"/>',
    "delivered": '<path class="stroke" d="m1.2 5.4 2.6 2.7 5-6"/>',
    "none": '<circle class="stroke dots" cx="5" cy="5" r="3.6"/>',
    "stale": '<path d="M5 .3 9.7 5 5 9.7.3 5z"/>',
    "busy": '<path class="stroke" d="M5 1.2A3.8 3.8 0 0 1 8.8 5"/>',
    "open": '<circle class="stroke" cx="5" cy="5" r="3.3"/>',
}
