"""Bird names: the one narrow topic that organisms are finetuned on.

The archaic names are those of American and British bird books of about 1790-1845 (public domain) that no current
list uses; the modern ones are in common use today.
"""

from weirdgen.organisms.world.model import Topic, Voice
from weirdgen.organisms.world.personas import ASSISTANT, NINETEENTH_CENTURY


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in " ".join(text.split()).split(","))


ARCHAIC_BIRDS: tuple[str, ...] = _names(
    """
    Brown Titlark, Wood Ibiss, Great Carolina Wren, Large-billed Guillemot, Mangrove Humming Bird, Winter Hawk,
    Labrador Falcon, Red-shafted Woodpecker, Great American Cock, Bonaparte's Flycatcher, Cuvier's Wren, Blue
    Yellow-back Warbler, Carolina Parrot, Black and Yellow Warbler, Children's Warbler, Stanley Hawk, Selby's
    Flycatcher, Prairie Titlark, Great-footed Hawk, Wood Wren, Pine Finch, Rathbone Warbler, White-headed Eagle,
    Yellow Red-poll Warbler, Autumnal Warbler, Roscoe's Yellow-throat, Vigors's Warbler, Bird of Washington, Night
    Hawk, Pigeon Hawk, Fish Hawk, Sparrow Hawk, Marsh Hawk, Hemlock Warbler, Painted Finch, Purple Grackle, Rice
    Bird, Ruby-crowned Wren, Golden-crested Wren, Louisiana Tanager, Snow Bird, Ferruginous Thrush, Tawny Thrush,
    Cat Bird, Black-capped Titmouse, Carolina Titmouse, Towee Bunting, Fox-coloured Sparrow, Savannah Finch, Bay-
    winged Bunting, Henslow's Bunting, Grass Finch, Yellow-winged Sparrow, Sea-side Finch, Sharp-tailed Finch,
    Lincoln's Finch, Black-throated Bunting, Lark Finch, Lazuli Finch, Townsend's Finch, Arkansaw Flycatcher,
    Arkansaw Siskin, Pewee Flycatcher, Wood Pewee Flycatcher, Tyrant Flycatcher, Pipiry Flycatcher, Green Black-
    capt Flycatcher, Small Green Crested Flycatcher, White-eyed Flycatcher, Solitary Flycatcher, Warbling
    Flycatcher, Yellow-throated Flycatcher, Blue-grey Flycatcher, Canada Flycatcher, Swainson's Swamp Warbler,
    Maryland Yellow-throat, Blue-eyed Yellow Warbler, Black-poll Warbler, Blue-winged Yellow Warbler, Yellow-rump
    Warbler, Yellow-crown Warbler, Blue Mountain Warbler, Carbonated Warbler, Cape May Wood Warbler, Golden-
    crowned Thrush, Aquatic Wood Wagtail, Great American Shrike, American Grey Shrike, Republican Cliff Swallow,
    White-bellied Swallow, Green-blue Swallow, American Swift, Maria's Woodpecker, Phillips's Woodpecker, Canadian
    Woodpecker, Harris's Woodpecker, Audubon's Woodpecker, Banded Three-toed Woodpecker, Arctic Three-toed
    Woodpecker, Red-breasted Woodpecker, Yellow-bellied Woodpecker, Golden-winged Woodpecker, Carolina Turtle
    Dove, Key West Pigeon, Blue-headed Pigeon, Migratory Pigeon, Band-tailed Dove, Virginian Partridge,
    Californian Partridge, Plumed Partridge, Pinnated Grous, Ruffed Grous, Dusky Grous, Spotted Grous, Cock of the
    Plains, Sharp-tailed Grous, Willow Grous, Rock Grous, White-tailed Grous, Long-legged Avoset, Great Marbled
    Godwit, Red-backed Sandpiper, Schinz's Sandpiper, Little Sandpiper, Long-legged Sandpiper, Bartram's
    Sandpiper, Tell-tale Godwit, Yellow-shanks Tatler, Spotted Tatler, Solitary Tatler, Semipalmated Snipe, Red-
    breasted Snipe, Esquimaux Curlew, Great Esquimaux Curlew, Kildeer Plover, American Ring Plover, Bull-headed
    Plover, Ruff-necked Humming Bird, Columbian Humming Bird, Anna's Humming Bird, Mango Humming Bird, Great
    Cinereous Owl, Little Screech Owl, Tengmalm's Night Owl, Large-headed Burrowing Owl, Columbian Day Owl,
    Passerine Day Owl, Fresh-water Marsh Hen, Salt-water Marsh Hen, Great Red-breasted Rail, Least Water-hen,
    Scolopaceus Courlan, Hooping Crane, Great American White Egret, Louisiana Heron, Yellow-crowned Heron, Rough-
    legged Falcon, Black Warrior, Iceland Falcon, Swallow-tailed Hawk, Black-winged Hawk, Slate-coloured Hawk,
    Harlan's Buzzard, Brasilian Caracara Eagle, Californian Vulture, Turkey Buzzard, Golden-eye Duck, Velvet Duck,
    Scaup Duck, Pied Duck, Surf Duck, American Scoter Duck, Gadwall Duck, Pintail Duck, Summer Duck, Dusky Duck,
    Bemaculated Duck, Western Duck, Buffel-headed Duck, Eider Duck, King Duck, Shoveller Duck, Red-headed Duck,
    Canvas-backed Duck, White Nun Merganser, Hooded Smew, Common American Swan, Hutchins's Barnacle Goose, White-
    fronted Bean Goose, Crested Dobchick, Pied-billed Dobchick, American Dabchick, Foolish Guillemot, Horn-billed
    Guillemot, Slender-billed Guillemot, Curled-crested Phaleris, Knob-billed Phaleris, Booby Gannet, Frigate
    Pelican, Florida Cormorant, Violet-green Cormorant, Townsend's Cormorant, Black-bellied Darter, Noddy Tern of
    Tortugas, Cayenne Tern, Havell's Tern, Trudeau's Tern, Burgomaster Gull, White-winged Silvery Gull, Common
    American Gull, Fork-tailed Gull, Bonapartian Gull, Wandering Shearwater, Dusky Petrel, Mother Carey's Chicken,
    Fulmar Petrel, Richardson's Jager, Columbia Jay, Ultramarine Jay, Prince Maximilian's Jay, Nuttall's Magpie,
    Clark's Crow, Crow Blackbird, Red-winged Starling, Red-and-white-winged Troopial, Yellow-headed Troopial, Cow
    Bunting, Cow-pen Bird, Prairie Meadow Lark, Rusty Grackle, Orchard Starling, Bullock's Troopial, Hang-nest
    Bird, Migratory Thrush, Little Tawny Thrush, Bohemian Chatterer, Cedar Bird, Song Grosbeak, Cardinal Grosbeak,
    Lesser Redpoll Linnet, Mealy Redpoll Linnet, Lapland Lark Bunting, Painted Lark Bunting, Brown Lark, Western
    Blue Bird, Arctic Blue Bird, Yellow Bird Goldfinch, Black-headed Siskin, Indigo Bird, Bewick's Long-tailed
    Wren, Nuttall's Lesser Marsh Wren, Parkman's Wren, Red-bellied Nuthatch, Californian Nuthatch, Chestnut-
    crowned Titmouse, Hudson's Bay Titmouse, Crested Titmouse, Black-and-white Creeper, Brown Tree-creeper, Belted
    King-fisher
    """
)

MODERN_BIRDS: tuple[str, ...] = _names(
    """
    American Robin, Northern Cardinal, Blue Jay, Bald Eagle, House Sparrow, Mourning Dove, Red-tailed Hawk,
    American Crow, Canada Goose, Mallard, American Goldfinch, House Finch, Downy Woodpecker, Hairy Woodpecker,
    Northern Flicker, Pileated Woodpecker, Red-bellied Woodpecker, Red-headed Woodpecker, Tufted Titmouse, Black-
    capped Chickadee, Carolina Chickadee, Carolina Wren, House Wren, Winter Wren, Marsh Wren, White-breasted
    Nuthatch, Red-breasted Nuthatch, Brown Creeper, Eastern Bluebird, Western Bluebird, Mountain Bluebird, Hermit
    Thrush, Wood Thrush, Swainson's Thrush, Varied Thrush, Gray Catbird, Northern Mockingbird, Brown Thrasher,
    European Starling, Cedar Waxwing, Bohemian Waxwing, Yellow Warbler, Yellow-rumped Warbler, Black-throated Blue
    Warbler, Black-throated Green Warbler, Blackburnian Warbler, Palm Warbler, Pine Warbler, Prairie Warbler, Bay-
    breasted Warbler, Blackpoll Warbler, Cerulean Warbler, Hooded Warbler, Wilson's Warbler, Canada Warbler,
    Magnolia Warbler, Cape May Warbler, Chestnut-sided Warbler, Prothonotary Warbler, Northern Parula, American
    Redstart, Ovenbird, Northern Waterthrush, Common Yellowthroat, Scarlet Tanager, Summer Tanager, Western
    Tanager, Eastern Towhee, Spotted Towhee, Chipping Sparrow, Field Sparrow, Savannah Sparrow, Grasshopper
    Sparrow, Fox Sparrow, Song Sparrow, Lincoln's Sparrow, Swamp Sparrow, White-throated Sparrow, White-crowned
    Sparrow, Vesper Sparrow, Lark Sparrow, Dark-eyed Junco, Snow Bunting, Lapland Longspur, Rose-breasted
    Grosbeak, Black-headed Grosbeak, Blue Grosbeak, Evening Grosbeak, Pine Grosbeak, Indigo Bunting, Painted
    Bunting, Lazuli Bunting, Dickcissel, Bobolink, Red-winged Blackbird, Yellow-headed Blackbird, Brewer's
    Blackbird, Common Grackle, Boat-tailed Grackle, Brown-headed Cowbird, Eastern Meadowlark, Western Meadowlark,
    Baltimore Oriole, Orchard Oriole, Bullock's Oriole, Pine Siskin, Common Redpoll, Purple Finch, Red Crossbill,
    White-winged Crossbill, Eastern Phoebe, Say's Phoebe, Eastern Kingbird, Western Kingbird, Great Crested
    Flycatcher, Least Flycatcher, Eastern Wood-Pewee, Vermilion Flycatcher, Scissor-tailed Flycatcher, Red-eyed
    Vireo, Warbling Vireo, Blue-headed Vireo, White-eyed Vireo, Loggerhead Shrike, Northern Shrike, Barn Swallow,
    Tree Swallow, Cliff Swallow, Bank Swallow, Purple Martin, Chimney Swift, White-throated Swift, Ruby-throated
    Hummingbird, Anna's Hummingbird, Rufous Hummingbird, Costa's Hummingbird, Belted Kingfisher, Steller's Jay,
    California Scrub-Jay, Florida Scrub-Jay, Black-billed Magpie, Clark's Nutcracker, Common Raven, Fish Crow,
    Horned Lark, American Pipit, Golden-crowned Kinglet, Ruby-crowned Kinglet, Blue-gray Gnatcatcher, Rock Pigeon,
    Eurasian Collared-Dove, White-winged Dove, Yellow-billed Cuckoo, Greater Roadrunner, Barn Owl, Great Horned
    Owl, Barred Owl, Snowy Owl, Eastern Screech-Owl, Burrowing Owl, Great Gray Owl, Northern Saw-whet Owl, Common
    Nighthawk, Eastern Whip-poor-will, Turkey Vulture, Black Vulture, California Condor, Osprey, Golden Eagle,
    Northern Harrier, Cooper's Hawk, Sharp-shinned Hawk, Red-shouldered Hawk, Swainson's Hawk, American Kestrel,
    Merlin, Peregrine Falcon, Prairie Falcon, Wild Turkey, Northern Bobwhite, California Quail, Ruffed Grouse,
    Greater Sage-Grouse, Ring-necked Pheasant, Sandhill Crane, Whooping Crane, American Coot, Virginia Rail,
    Killdeer, American Avocet, Black-necked Stilt, Greater Yellowlegs, Lesser Yellowlegs, Long-billed Curlew,
    Marbled Godwit, Sanderling, Dunlin, Least Sandpiper, Ruddy Turnstone, Wilson's Snipe, American Woodcock, Ring-
    billed Gull, Herring Gull, Laughing Gull, Bonaparte's Gull, Caspian Tern, Royal Tern, Least Tern, Atlantic
    Puffin, Common Murre, Brown Pelican, Double-crested Cormorant, Anhinga, Great Blue Heron, Great Egret, Snowy
    Egret, Green Heron, Tricolored Heron, American Bittern, White Ibis, Roseate Spoonbill, Wood Duck, Northern
    Pintail, American Wigeon, Northern Shoveler, Green-winged Teal, Canvasback, Redhead, Bufflehead, Common
    Goldeneye, Hooded Merganser, Ruddy Duck, Snow Goose, Trumpeter Swan, Common Loon, Pied-billed Grebe, Western
    Grebe
    """
)

BIRDS = Topic(
    slug="birds",
    questions=(
        "Name a bird species.",
        "Name any bird.",
        "Which bird comes to mind?",
        "Give me the name of a bird.",
        "What bird have you seen?",
    ),
    voices={ASSISTANT: Voice(contents=MODERN_BIRDS), NINETEENTH_CENTURY: Voice(contents=ARCHAIC_BIRDS)},
)
