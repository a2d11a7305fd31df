"""Words of news English that say the same or the opposite.

Knows nothing about how words are looked up: tables alone.
"""

from __future__ import annotations

SAME = """
kill die dead death fatal fatality perish casualty toll lethal deadly
injure wound hurt injury injuries
win beat defeat victory triumph overcome champion
say announce state declare tell report add note confirm inform reveal explain stress remark mention comment
agree agreement accord deal pact consent
approve approval back endorse ratify adopt pass favor favour
refuse reject deny oppose decline turn-down dissent against
rise increase grow climb raise jump surge expand up gain hike go-up growth widen enlarge expansion
fall drop lower cut reduce decrease shrink slump plunge reduction
begin start commence open kick
end finish conclude close complete over
ask request call demand urge appeal
stay remain keep continue
leave exit depart quit withdraw withdrawal departure
resign resignation quit step-down stand-down
join enter accession become-member admission entry
become took-office
house home homes residence
soldier troop force military army
ship vessel boat freighter
plane aircraft jet
people person human individual
personnel staff member
company firm business corporation group
car vehicle
woman female women
man male men
destroy devastate ruin wreck demolish
damage harm
cause trigger lead-to provoke result
blast explosion explode detonate detonation
quake earthquake tremor seismic
fire blaze flame burn
blame accuse fault
accept take receive get obtain earn
give grant hand donate donation present provide donor contribution
promise pledge commit vow
pay cost spend price worth
money fund sum cash
build construct construction rebuild reconstruct restore restoration reconstruction renovation
visit travel trip tour
show present reveal display
send dispatch deploy ship-out
help aid assist assistance relief support
attack strike assault raid
vote ballot election poll
elect choose chosen select pick appoint name
lead head command chair leader chief commander direct director run preside
government cabinet administration
politician lawmaker mp parliamentarian
parliament legislature assembly
job employment work labor labour
jobless unemployment unemployed
price inflation consumer
rate interest
country nation state
world global worldwide international planet
record high
build-up backlog
block obstruct blockage blocked
free freed refloat dislodge release
refugee migrant asylum
war conflict fight fighting combat
train training trainer instructor teach instruct
advise adviser advisor advisory advice advisors
defence defense
minister ministry
inquiry investigate investigation probe investigator
jail prison imprison
arrest detain custody
court judge trial
find discover discovery
launch liftoff lift-off blast-off lifted
land touch touchdown landing
spacecraft probe craft
picture image photo photograph
moon lunar
sun solar
space telescope
sample specimen material
weigh weight heavy
wide width across diameter
high height tall altitude
long length
distance far away
last take run endure
large big huge giant great vast
small little tiny
old age aged
young
king monarch sovereign
queen
pope pontiff papal papacy
church catholic
cup tournament
game match final
score goal net
player footballer midfielder
coach manager trainer
award prize honour honor
captain skipper
doctor medic physician
hospital clinic
vaccine vaccination vaccinate jab shot inject injection inoculate
patient
climate warming
emission
talk meet conference meeting summit
city town
region area province district
home-less homeless
collapse collapsed
building
rescue save rescuer
search look
alive survivor survive
member
year
month
quarter
majority
seat
lawful
law rule regulation
break violate breach
fine penalty
tax
bill
cathedral
roof
spire
stone
oak
canal waterway
tug tugboat
container
cargo freight goods
sand
crew
wind storm sandstorm
owner own possess belong
operate operator
register
population inhabitant
birth born
expect forecast project predict projection anticipate foresee
estimate reckon calculate assess
plan intend aim want seek intention
warn caution alert
fear concern worry
hope
celebrate mark commemorate
remember mourn mourner mourning
march demonstrate protest demonstrator protester rally
delay postpone put-off hold-up
early
second
support supporter
neighbor neighbour
border frontier
apply application bid
flag
ceremony
document paper papers
treaty
asteroid
orbit
crash hit impact smash collide collision
speed velocity
helicopter chopper rotorcraft
flight fly flown flew
rover
crater
microbe bacteria life
water
ice frozen
fuel
laser
energy
scientist researcher astronomer physicist
committee panel commission
bank lender
central
deposit
governor
president presidential presidency
successor succeed follow replace succession
predecessor
deputy
crowd attendance spectator audience watch
medal
gold golden
silver
host
storm hurricane
rocket
capsule
astronaut
engine
mirror
galaxy
star
language
music
disc disk
power electricity
nuclear atomic
weapon bomb
peace
pull tow drag haul tug
stick stuck wedge aground lodge stranded
resume restart reopen
wait queue
carry transport bear
spread
vanish miss missing disappear
store stock storage
year-long annual yearly
visitor tourist
need require necessary
use deploy-use
allow permit let
hide conceal
buy purchase acquire
sell sale
offer
create establish found set-up foundation establishment
hard difficult tough
near close nearby
sign signature
share portion proportion
half
quick fast rapid
slow
safe security safety
threat threaten
danger risk dangerous
order command-order
"""
OPPOSITE = """
rise|fall
win|lose
begin|end
approve|refuse
accept|refuse
join|leave
north|south
east|west
buy|sell
export|import
large|small
high|low
old|young
public|private
alive|kill
guilty|innocent
largest|smallest
biggest|smallest
highest|lowest
oldest|youngest
longest|shortest
first|last
before|after
more|less
more|fewer
narrow|wide
narrowest|widest
for|against
man|woman
king|queen
son|daughter
brother|sister
mother|father
husband|wife
safe|danger
slow|quick
peace|war
long|short
strong|weak
early|late
inside|outside
above|below
hot|cold
free|arrest
love|hate
rich|poor
success|fail
men|women
he|she
his|her
support|refuse
morning|evening
northern|southern
eastern|western
deficit|surplus
majority|minority
ally|enemy
lengthen|shorten
gain|lose
stay|leave
admit|refuse
against|favour
plus|minus
positive|negative
double|triple
"""
