"""Images that a request names by address: off until `remote_images.enabled` is set.

    url as text --> urls --> networks, lookups --> connections --> fetching, pacing --> images --> uploads
                    strict   which addresses       to the very     one image,           many of
                    syntax   may be reached        address that    redirects            them, within
                                                   was checked     and limits           bounds

Every redirect goes the whole way again. Nothing here trusts a text twice: what `urls` has taken apart is what is looked
up, checked, connected to and asked for, and no library reads the text again. See docs/remote-images.md.
"""
