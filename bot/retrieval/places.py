"""Names of places that news speaks of most: countries with their people's adjectives, US states, continents, cities.

Knows nothing about questions or sentences. A list rather than a model: it tells "in Georgia" from "in May".
"""

from __future__ import annotations


def _listed(names: str) -> frozenset[str]:
    return frozenset(" ".join(name.split()) for name in names.split(","))


COUNTRIES = _listed(
    """
    Afghanistan, Albania, Algeria, Andorra, Angola, Argentina, Armenia, Australia, Austria, Azerbaijan, Bahamas,
    Bahrain, Bangladesh, Barbados, Belarus, Belgium, Belize, Benin, Bhutan, Bolivia, Bosnia, Botswana, Brazil,
    Britain, Brunei, Bulgaria, Burkina Faso, Burundi, Cambodia, Cameroon, Canada, Chad, Chile, China, Colombia,
    Congo, Costa Rica, Croatia, Cuba, Cyprus, Czech Republic, Denmark, Djibouti, Dominican Republic, Ecuador,
    Egypt, El Salvador, England, Eritrea, Estonia, Ethiopia, Fiji, Finland, France, Gabon, Gambia, Germany, Ghana,
    Greece, Grenada, Guatemala, Guinea, Guyana, Haiti, Honduras, Hungary, Iceland, India, Indonesia, Iran, Iraq,
    Ireland, Israel, Italy, Ivory Coast, Jamaica, Japan, Jordan, Kazakhstan, Kenya, Kosovo, Kuwait, Kyrgyzstan,
    Laos, Latvia, Lebanon, Lesotho, Liberia, Libya, Liechtenstein, Lithuania, Luxembourg, Madagascar, Malawi,
    Malaysia, Maldives, Mali, Malta, Mauritania, Mauritius, Mexico, Moldova, Monaco, Mongolia, Montenegro,
    Morocco, Mozambique, Myanmar, Namibia, Nepal, Netherlands, New Zealand, Nicaragua, Niger, Nigeria, North
    Korea, North Macedonia, Northern Ireland, Norway, Oman, Pakistan, Palestine, Panama, Papua New Guinea,
    Paraguay, Peru, Philippines, Poland, Portugal, Qatar, Romania, Russia, Rwanda, Samoa, Saudi Arabia, Scotland,
    Senegal, Serbia, Sierra Leone, Singapore, Slovakia, Slovenia, Solomon Islands, Somalia, South Africa, South
    Korea, South Sudan, Spain, Sri Lanka, Sudan, Suriname, Sweden, Switzerland, Syria, Taiwan, Tajikistan,
    Tanzania, Thailand, Togo, Tonga, Trinidad and Tobago, Tunisia, Turkey, Turkmenistan, UAE, UK, US, USA, Uganda,
    Ukraine, United Arab Emirates, United Kingdom, United States, Uruguay, Uzbekistan, Vanuatu, Vatican City,
    Venezuela, Vietnam, Wales, Yemen, Zambia, Zimbabwe
    """
)
STATES = _listed(
    """
    Alabama, Alaska, Arizona, Arkansas, California, Colorado, Connecticut, Delaware, Florida, Georgia, Hawaii,
    Idaho, Illinois, Indiana, Iowa, Kansas, Kentucky, Louisiana, Maine, Maryland, Massachusetts, Michigan,
    Minnesota, Mississippi, Missouri, Montana, Nebraska, Nevada, New Hampshire, New Jersey, New Mexico, New York,
    North Carolina, North Dakota, Ohio, Oklahoma, Oregon, Pennsylvania, Rhode Island, South Carolina, South
    Dakota, Tennessee, Texas, Utah, Vermont, Virginia, Washington, West Virginia, Wisconsin, Wyoming
    """
)
CONTINENTS = _listed(
    """
    Africa, Antarctica, Asia, Europe, Latin America, Middle East, North America, South America
    """
)
CITIES = _listed(
    """
    Amsterdam, Athens, Atlanta, Austin, Baghdad, Bangkok, Barcelona, Beijing, Beirut, Belfast, Berlin, Birmingham,
    Bogota, Boston, Brussels, Bucharest, Budapest, Buenos Aires, Cairo, Cape Town, Caracas, Chicago, Cleveland,
    Copenhagen, Dallas, Damascus, Delhi, Denver, Detroit, Dhaka, Doha, Dubai, Dublin, Edinburgh, Frankfurt,
    Geneva, Glasgow, Hamburg, Hanoi, Helsinki, Hong Kong, Houston, Islamabad, Istanbul, Jakarta, Jerusalem,
    Johannesburg, Kabul, Kathmandu, Kharkiv, Kherson, Kyiv, Lagos, Las Vegas, Leeds, Lima, Lisbon, Liverpool,
    London, Los Angeles, Lviv, Madrid, Manchester, Manila, Mariupol, Melbourne, Memphis, Miami, Milan, Milwaukee,
    Minneapolis, Montreal, Moscow, Mumbai, Munich, Nairobi, Nashville, New Delhi, New Orleans, New York City,
    Odesa, Oslo, Ottawa, Paris, Philadelphia, Phoenix, Pittsburgh, Portland, Prague, Pyongyang, Riyadh, Rome, San
    Antonio, San Diego, San Francisco, Santiago, Sao Paulo, Seattle, Seoul, Shanghai, Sheffield, Stockholm,
    Sydney, Taipei, Tallinn, Tehran, Tel Aviv, Tokyo, Toronto, Tripoli, Uvalde, Vancouver, Vienna, Warsaw,
    Washington, Wuhan, Zurich
    """
)
BY_NOUN = {
    "country": COUNTRIES,
    "nation": COUNTRIES,
    "state": STATES,
    "continent": CONTINENTS,
    "city": CITIES,
    "capital": CITIES,
}
"""What a noun asks for: "which state" is answered by a state, "which country" by a country."""
KNOWN = COUNTRIES | STATES | CONTINENTS | CITIES
PEOPLE = _listed(
    """
    Afghan, African, American, Americans, Arab, Argentine, Asian, Australian, Austrian, Belgian, Black, Brazilian,
    British, Britons, Canadian, Catholic, Chilean, Chinese, Christian, Colombian, Conservative, Croatian, Cuban,
    Czech, Danish, Democrat, Democratic, Democrats, Dutch, Egyptian, English, European, Europeans, Filipino,
    Finnish, French, German, Greek, Hindu, Hungarian, Indian, Iranian, Iraqi, Irish, Islamic, Israeli, Italian,
    Japanese, Jewish, Kenyan, Korean, Latino, Lebanese, Mexican, Moroccan, Muslim, Nigerian, Norwegian, Pakistani,
    Palestinian, Peruvian, Polish, Portuguese, Republican, Republicans, Romanian, Russian, Russians, Saudi,
    Scottish, Serbian, Spanish, Swedish, Swiss, Syrian, Taiwanese, Thai, Tories, Tory, Turkish, Ukrainian,
    Ukrainians, Vietnamese, Welsh, White
    """
)
"""Capitalised adjectives and groups: no names of persons or places."""
