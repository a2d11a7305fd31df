"""Names that go by several words, a line each: "british" and "uk" for "britain"; two words are joined by a dash.

Knows nothing about who looks them up: a table alone.
"""

from __future__ import annotations

ALIASES = """
britain british uk united-kingdom briton britons u.k
us usa america american americans united-states u.s
eu european-union
un united-nations u.n
turkey turkish türkiye turkiye turk turks
germany german germans
france french
netherlands dutch holland
spain spanish spaniard spaniards
italy italian italians
sweden swedish swede swedes
finland finnish finn finns
norway norwegian norwegians
denmark danish danes dane
russia russian russians
ukraine ukrainian ukrainians
china chinese
japan japanese
india indian indians
iraq iraqi iraqis
iran iranian iranians
syria syrian syrians
lebanon lebanese
israel israeli israelis
egypt egyptian egyptians
canada canadian canadians
australia australian australians
argentina argentine argentinian argentines
brazil brazilian brazilians
mexico mexican mexicans
hungary hungarian hungarians
poland polish poles
greece greek greeks
portugal portuguese
ireland irish
scotland scottish scots
england english
wales welsh
switzerland swiss
austria austrian austrians
belgium belgian belgians
afghanistan afghan afghans
pakistan pakistani pakistanis
korea korean koreans
vietnam vietnamese
africa african africans
europe european europeans
asia asian asians
palestine palestinian palestinians
saudi saudis
peru peruvian peruvians
chile chilean chileans
colombia colombian colombians
samoa samoan samoans
panama panamanian
taiwan taiwanese
fed federal-reserve
covid coronavirus covid-19
tory tories conservative conservatives
democrat democrats democratic
republican republicans
labour labor
nato alliance
isis islamic-state
ecb european-central-bank
mars martian
moon lunar
sun solar
"""
